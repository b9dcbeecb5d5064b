import { join } from 'node:path'
import { expect, test } from 'vitest'
import { reinit } from '../src/index.js'
import { folderOf } from './buildModel.js'

/** SHA-256 of what torch 2.15 (x86-64, AVX2) draws for docnet's modules, conv = Conv2d(3, 64, 3) and fc = Linear(512, 10), after manual_seed(0). */
const drawn = {
  'the whole network': [
    { all: true },
    [
      '0fcb58c06be1c74264d77fa59a0a40ff81767e5921cdc6c07d973b1cbbb68f4b',
      'b86d2bffa31f70b72f13e05d16c5a2bfd2390c181de84faa3d9e7b4fe8b9e3ca',
      '0ba4d4c49ce55fa96a22a044376a8af319ac670b927e18c987ff3c0b2c23410a',
      'eb1c9673c6d84931b5ddcac55887b1b7402f74b0b44f635c39f28011833162bd',
    ],
  ],
  'model.fc = nn.Linear(512, 10)': [
    { layers: ['fc'] },
    [
      '45c685e2b5d8648964b8e31c253753d692016b37fcce061657163e61faa40c14',
      '80c122f22cf77632e2591bf36db7c143c3aeca99d60285e5fc57d4cfd487cf81',
    ],
  ],
} as const

test.each(Object.entries(drawn))('--rng torch --init torch_default: %s, bit for bit', async (_, [selection, hashes]) => {
  const output = join(folderOf({}), 'model.onnx')
  const report = await reinit('fixtures/docnet.onnx', { ...selection, init: 'torch_default', rng: 'torch', seed: 0, output, run: false })
  expect(report.changed.map((c) => c.sha256)).toEqual(hashes)
})
