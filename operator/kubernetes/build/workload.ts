// What a group's pods run and are given: the group's own word, else the testnet's, else the operator's.
import {
  completeResources,
  mergeResources,
  mergeStorage,
  type Resources,
  type Storage,
} from '../../../api/pod-settings.ts'
import type { Testnet, TestnetGroup } from '../../../api/testnet.ts'
import type { OperatorConfig } from '../config.ts'

export interface Workload {
  readonly image: string
  readonly resources: Resources
  /** Data goes with the pod when undefined. */
  readonly storage: Storage | undefined
}

export const workloadOf = (spec: Testnet['spec'], group: TestnetGroup, { nodes }: OperatorConfig): Workload => ({
  image: group.image ?? spec.image ?? nodes.image,
  resources: completeResources(mergeResources(spec.defaults, group), nodes.resources),
  storage: storageOf(spec, group),
})

export const storageOf = ({ defaults }: Testnet['spec'], group: TestnetGroup): Storage | undefined =>
  mergeStorage(defaults, group)
