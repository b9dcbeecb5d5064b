import type { InitializerSpec, Role } from '../types.js'

/** What the roles that take no initializer become when their layer is selected: a norm layer's identity, torch's PReLU slope. */
export const roles: Readonly<Partial<Record<Role, InitializerSpec>>> = {
  bias: { name: 'zeros', parameters: {} },
  scale: { name: 'ones', parameters: {} },
  shift: { name: 'zeros', parameters: {} },
  mean: { name: 'zeros', parameters: {} },
  variance: { name: 'ones', parameters: {} },
  slope: { name: 'constant', parameters: { value: 0.25 } },
}
