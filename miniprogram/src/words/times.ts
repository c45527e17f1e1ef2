/** Times as people read them: 今天 10:31, 昨天, 10月13日. */

const DAYS = ['日', '一', '二', '三', '四', '五', '六']

interface Wall {
  year: number
  month: number
  day: number
  hour: number
  minute: number
}

/** Shanghai's wall clock at an instant: the programme's days are those of Shanghai, wherever one is. */
export function wall(at: Date): Wall {
  const there = new Date(at.getTime() + 8 * 3_600_000)
  return {
    year: there.getUTCFullYear(),
    month: there.getUTCMonth() + 1,
    day: there.getUTCDate(),
    hour: there.getUTCHours(),
    minute: there.getUTCMinutes(),
  }
}

export function greeting(now: Date): string {
  const { hour } = wall(now)
  if (hour < 5) return '夜深了'
  if (hour < 11) return '早上好'
  if (hour < 13) return '中午好'
  if (hour < 18) return '下午好'
  return '晚上好'
}

export function today(now: Date): string {
  const { month, day } = wall(now)
  const weekday = new Date(now.getTime() + 8 * 3_600_000).getUTCDay()
  return `${month}月${day}日 星期${DAYS[weekday]}`
}

export function when(at: Date, now: Date): string {
  const then = wall(at)
  const days = dayNumber(now) - dayNumber(at)
  const clock = `${String(then.hour).padStart(2, '0')}:${String(then.minute).padStart(2, '0')}`
  if (days === 0) return `今天 ${clock}`
  if (days === 1) return `昨天 ${clock}`
  const date = `${then.month}月${then.day}日`
  return then.year === wall(now).year ? `${date} ${clock}` : `${then.year}年${date}`
}

function dayNumber(at: Date): number {
  return Math.floor((at.getTime() + 8 * 3_600_000) / 86_400_000)
}

/** The day in Shanghai as the server writes it: 2026-11-18. */
export function dayOf(at: Date): string {
  const { year, month, day } = wall(at)
  return `${year}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`
}

/** A day of the server as people read it: 12月31日, with the year where it is another. */
export function date(day: string, now: Date): string {
  const [year, month, of] = day.split('-').map(Number)
  return `${year === wall(now).year ? '' : `${year}年`}${month}月${of}日`
}
