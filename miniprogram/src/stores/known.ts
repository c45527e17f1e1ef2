/** What the server said last, shown at once and without network; forgotten when its member logs out. */
import { ref, type Ref } from 'vue'

import { call, Refused, Unanswered } from '@/api/client'
import { platform } from '@/platform'

const KEY = 'tanpuhui.known'

function all(): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(platform.read(KEY) ?? '{}')
    return value && typeof value === 'object' ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

export function known<Answer>(path: string): Answer | null {
  return (all()[path] as Answer | undefined) ?? null
}

export function remember(path: string, answer: unknown): void {
  platform.write(KEY, JSON.stringify({ ...all(), [path]: answer }))
}

export function forgetKnown(): void {
  platform.write(KEY, null)
}

export interface Known<Answer> {
  value: Ref<Answer | null>
  /** Why `value` is not what the server says at this moment; empty while it is. */
  said: Ref<string>
  refresh(): Promise<void>
}

/** An answer of the server that a page shows: the last one first, then the present one. */
export function useKnown<Answer>(path: string): Known<Answer> {
  const value = ref(known<Answer>(path)) as Ref<Answer | null>
  const said = ref('')
  async function refresh(): Promise<void> {
    try {
      value.value = await call<Answer>('GET', path)
      remember(path, value.value)
      said.value = ''
    } catch (error) {
      if (error instanceof Unanswered) said.value = value.value ? '网络不通，先看上次的。' : error.message
      else if (error instanceof Refused) said.value = error.message
      else throw error
    }
  }
  return { value, said, refresh }
}
