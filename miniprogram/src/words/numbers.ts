/** Figures as people read them (design of the phone, §6): cut, never rounded up; exact behind. */

/** Milli-points: one decimal at most, `.0` dropped, none from 1,000. */
export function points(mpt: number): string {
  const sign = mpt < 0 ? '-' : ''
  const whole = Math.abs(mpt)
  if (whole >= 1_000_000) return sign + thousands(Math.floor(whole / 1000))
  const tenths = Math.floor(whole / 100)
  return sign + (tenths % 10 ? `${Math.floor(tenths / 10)}.${tenths % 10}` : `${tenths / 10}`)
}

/** Milligrams of CO2e: about, two figures, in the unit that people know. */
export function reduction(mg: number): string {
  if (mg <= 0) return '0 克'
  if (mg < 1000) return '不到 1 克'
  if (mg < 1_000_000) return `约 ${twoFigures(mg / 1000)} 克`
  if (mg < 1_000_000_000) return `约 ${twoFigures(mg / 1_000_000)} 千克`
  return `约 ${twoFigures(mg / 1_000_000_000)} 吨`
}

function twoFigures(value: number): string {
  if (value >= 10) {
    const scale = 10 ** (Math.floor(Math.log10(value)) - 1)
    return thousands(Math.floor(value / scale) * scale)
  }
  const tenths = Math.floor(value * 10 + 1e-9)
  return tenths % 10 ? `${Math.floor(tenths / 10)}.${tenths % 10}` : `${tenths / 10}`
}

function thousands(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',')
}
