// `helm test`: a testnet of two nodes must become Ready. Ends 0 when it did, else 1 with what stands in its status.
// Runs in a pod with a service account; the cluster's certificate is in NODE_EXTRA_CA_CERTS.
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

const {
  NAMESPACE: namespace,
  TESTNET: name,
  TIMEOUT_SECONDS,
  KUBERNETES_SERVICE_HOST,
  KUBERNETES_SERVICE_PORT,
} = process.env
const host = KUBERNETES_SERVICE_HOST.includes(':') ? `[${KUBERNETES_SERVICE_HOST}]` : KUBERNETES_SERVICE_HOST
const collection = `https://${host}:${KUBERNETES_SERVICE_PORT}/apis/trellis.dev/v1alpha1/namespaces/${namespace}/testnets`
const token = readFileSync('/var/run/secrets/kubernetes.io/serviceaccount/token', 'utf8')
const deadline = Date.now() + Number(TIMEOUT_SECONDS) * 1_000
const testnet = JSON.parse(readFileSync(`${import.meta.dirname}/testnet.json`, 'utf8'))

/** The object; undefined when there is none. */
async function request(method, path = '', body = undefined) {
  const answer = await fetch(collection + path, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: body && JSON.stringify(body),
    signal: AbortSignal.timeout(10_000),
  })
  const object = await answer.json()
  if (answer.status === 404 && path) return undefined
  if (!answer.ok) throw new Error(`${method} ${collection}${path}: ${answer.status} ${object.message}`)
  return object
}

async function removed() {
  await request('DELETE', `/${name}`)
  while (await request('GET', `/${name}`)) {
    if (Date.now() > deadline) throw new Error(`${namespace}/${name} of an earlier run does not go`)
    await delay(500)
  }
}

const told = ({ status }) =>
  (status?.conditions ?? []).map(({ type, status, reason, message }) => `${type}=${status} ${reason}: ${message}`)

async function ready() {
  await removed()
  await request('POST', '', { ...testnet, metadata: { name } })
  const seen = new Set()
  for (;;) {
    const stored = await request('GET', `/${name}`)
    if (!stored) throw new Error(`somebody deleted ${namespace}/${name}`)
    for (const line of told(stored))
      if (!seen.has(line)) {
        seen.add(line)
        console.log(line)
      }
    const condition = stored.status?.conditions?.find(({ type }) => type === 'Ready')
    if (condition?.status === 'True') return
    if (Date.now() > deadline)
      throw new Error(
        stored.status
          ? `${namespace}/${name} is not Ready after ${TIMEOUT_SECONDS} s`
          : 'no operator takes care of Testnets here',
      )
    await delay(500)
  }
}

try {
  await ready()
  console.log(`${namespace}/${name} is Ready`)
} catch (error) {
  console.error(error.message)
  process.exitCode = 1
} finally {
  await request('DELETE', `/${name}`).catch(error => console.error(error.message))
}
