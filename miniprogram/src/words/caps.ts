/** What is left of today's limits, in few words: 今天还能得 12 分, 今天还能记 2 次. */
import type { Schemas } from '@/api/client'

type Cap = Schemas['Cap']

const UNITS: Record<string, (left: string) => string> = {
  point: (left) => `还能得 ${left} 分`,
  count: (left) => `还能记 ${left} 次`,
}
const PERIODS: Record<string, string> = { day: '今天', week: '本周', month: '本月' }

/** What is left before the first limit is reached: of points, else of times; empty where neither is limited. */
export function left(caps: Cap[], tier: string): string {
  const counted = caps
    .filter((cap) => cap.unit in UNITS && cap.period in PERIODS && (!cap.tiers.length || cap.tiers.includes(tier)))
    .sort((a, b) => Number(b.unit === 'point') - Number(a.unit === 'point') || Number(a.left) - Number(b.left))
  const [first] = counted
  if (!first) return ''
  const period = PERIODS[first.period] ?? ''
  return Number(first.left) > 0 ? period + (UNITS[first.unit]?.(short(first.left)) ?? '') : `${period}记满了，还能记但不加分`
}

function short(decimal: string): string {
  return String(Math.floor(Number(decimal) * 10) / 10)
}
