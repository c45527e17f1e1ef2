/** How large the text is: as chosen on 我的, else as the phone's own text says. Kept on the phone. */
import { reactive } from 'vue'

import { platform } from '@/platform'

const KEY = 'tanpuhui.text'
const LARGE = 1.3

export const look = reactive<{ elder: boolean }>({ elder: chosen() ?? platform.textScale() >= LARGE })

function chosen(): boolean | null {
  const kept = platform.read(KEY)
  return kept === null ? null : kept === 'elder'
}

export function setElder(elder: boolean): void {
  look.elder = elder
  platform.write(KEY, elder ? 'elder' : 'standard')
}
