/** What was typed for a kind last, and which kinds are logged most, on this phone. */
import { platform } from '@/platform'

const OFTEN = 'tanpuhui.often'

type Facts = Record<string, string>

function read<Value>(key: string): Record<string, Value> {
  try {
    const value: unknown = JSON.parse(platform.read(key) ?? '{}')
    return value && typeof value === 'object' ? (value as Record<string, Value>) : {}
  } catch {
    return {}
  }
}

export function factsOf(kind: string): Facts {
  return read<string>(`tanpuhui.facts.${kind}`)
}

export function keepFacts(kind: string, facts: Facts): void {
  platform.write(`tanpuhui.facts.${kind}`, JSON.stringify(facts))
}

/** Counts one logging of a kind. */
export function count(kind: string): void {
  const counts = read<number>(OFTEN)
  platform.write(OFTEN, JSON.stringify({ ...counts, [kind]: (counts[kind] ?? 0) + 1 }))
}

/** How often each kind was logged here. */
export function counts(): Record<string, number> {
  return read<number>(OFTEN)
}
