// Installs what the kernel's tests need where that is possible; where it is not, they are skipped with the reason.
import { canInstall, install } from '../../tools/debian-packages.ts'
import { missingPackages, whyNot } from './tools.ts'

export default async function setup(): Promise<void> {
  const missing = missingPackages()
  if (missing.length > 0 && canInstall()) {
    await install(missing).catch(error => console.error(`could not install ${missing.join(', ')}: ${error.message}`))
  }
  const reason = whyNot()
  if (reason) console.error(`the net agent is not tested against this kernel: ${reason}`)
}
