#!/usr/bin/env bash
# Transfer learning through an ONNX file, for real: see README.md. Needs Python 3.11 or newer, Node 20.19 or newer.
# SEEDS is how many seeds (10, at least 2); ONNX_REINIT another build of the tool, its cli.js. The models stay in out/.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$here/../..
python=$here/.venv/bin/python
cli=${ONNX_REINIT:-$root/dist/cli.js}
onnx-reinit() { node "$cli" "$@"; }
transfer() { "$python" "$here/transfer.py" "$@"; }

[ -f "$cli" ] || (cd "$root" && npm ci && npm run build)
cli=$(realpath "$cli")
[ -x "$python" ] || python3 -m venv "$here/.venv"
"$python" -m pip install --quiet --disable-pip-version-check --requirement "$here/requirements.txt"
rm -rf "$here/out" && mkdir -p "$here/out/heads" "$here/out/tuned" && cd "$here/out"

echo '== 1. a CNN learns the digits 0-4 and is exported'
transfer pretrain digits04.onnx

echo '== 2. its head is replaced in the ONNX file, for 5-9'
replace_head() { # NAME INITIALIZER…
  onnx-reinit digits04.onnx --head --num-classes 5 "${@:2}" --seed "$seed" -o "heads/$1.$seed.onnx" --quiet
}
for ((seed = 0; seed < ${SEEDS:-10}; seed++)); do
  replace_head xavier_normal --xavier-normal
  replace_head he_normal --he-normal
  replace_head 'N(0,1)' --init normal:std=1
  replace_head zeros --init zeros
  replace_head torch_default --init torch_default --bias torch --rng torch
done
onnx-reinit digits04.onnx --head --num-classes 5 --xavier-normal --seed 0 -o heads/xavier_normal.0.onnx --overwrite # shown once

echo '== 3. only the head learns 5-9'
transfer finetune digits04.onnx heads tuned

echo '== 4. the backbone of every tuned file is the pretrained one, to the bit'
for tuned in tuned/*.onnx; do
  onnx-reinit diff digits04.onnx "$tuned" --only fc --quiet || { echo "$tuned: more than fc differs"; exit 1; }
done
onnx-reinit diff digits04.onnx tuned/xavier_normal.0.onnx --only fc
tuned=(tuned/*.onnx)
echo "${#tuned[@]} files: nothing outside fc differs (status 0 each)"

echo '== 5. control: where the backbone learns too, diff says so'
transfer unfrozen heads/xavier_normal.0.onnx unfrozen.onnx
status=0
onnx-reinit diff digits04.onnx unfrozen.onnx --only fc || status=$?
[ "$status" -eq 1 ] || { echo "expected status 1, got $status"; exit 1; }
echo 'status 1, as it must be'
