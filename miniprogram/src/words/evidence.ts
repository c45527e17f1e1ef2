/** What shows that something happened, in words in place of tiers. */
const SHOWN_BY: Record<string, string> = {
  T0: '自己报的',
  T1: '海报上的码和位置',
  T2: '现场的码',
  T3: '称重或仪表',
  T4: '有关单位的数据',
}

export function shownBy(tier: string): string {
  return SHOWN_BY[tier] ?? tier
}
