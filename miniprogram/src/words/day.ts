/** The five moments of a day, what was done in each, and what comes next. */
import type { Schemas } from '@/api/client'

import { dayOf, wall } from './times'

type Past = Schemas['PastAction']

export interface Moment {
  name: string
  title: string
  picture: string
  /** Until which hour it is the one in hand. */
  until: number
  /** What comes next, said as a colleague would; and where: the camera, or the page for a group of kinds. */
  next: string
  hint: string
  page: 'scan' | 'commute'
  belongs(action: Past): boolean
}

const of = (group: string) => (action: Past) => action.kind.startsWith(`${group}.`)
const travelled = of('commute')
const morning = (action: Past) => wall(new Date(action.occurred_at)).hour < 13

export const MOMENTS: Moment[] = [
  {
    name: 'road', title: '上班路上', picture: 'm_road', until: 9, next: '来上班的路，记一笔',
    hint: '地铁、公交、骑车、步行都算', page: 'commute', belongs: (action) => travelled(action) && morning(action),
  },
  {
    name: 'stairs', title: '走楼梯', picture: 'm_stairs', until: 11, next: '走楼梯，扫楼层的码',
    hint: '楼梯口的屏幕上有码', page: 'scan', belongs: of('stairs'),
  },
  {
    name: 'lunch', title: '午餐', picture: 'm_lunch', until: 14, next: '午餐光盘，扫食堂的码',
    hint: '吃多少取多少', page: 'scan', belongs: of('dining'),
  },
  {
    name: 'drop', title: '投放', picture: 'm_drop', until: 17, next: '瓶子纸箱带下楼，扫投放点的码',
    hint: '分好类再投', page: 'scan', belongs: of('recycling'),
  },
  {
    name: 'home', title: '回家', picture: 'm_home', until: 24, next: '回家的路，记一笔',
    hint: '地铁、公交、骑车、步行都算', page: 'commute', belongs: (action) => travelled(action) && !morning(action),
  },
]

export interface Stone {
  moment: Moment
  done: boolean
  held: boolean
  points_mpt: number
}

export interface Day {
  stones: Stone[]
  points_mpt: number
  /** The moment in hand or the first open one after it; null when the rest of the day is done. */
  next: Moment | null
}

export function dayAsDone(past: Past[], now: Date): Day {
  const actions = past.filter((each) => each.occurred_on === dayOf(now))
  const credited = actions.filter((each) => each.status === 'credited')
  const stones = MOMENTS.map((moment): Stone => {
    const mine = credited.filter(moment.belongs)
    const held = actions.some((each) => each.status === 'held' && moment.belongs(each))
    return { moment, held, done: mine.length > 0 || held, points_mpt: sum(mine) }
  })
  const { hour } = wall(now)
  const open = stones.find((each) => hour < each.moment.until && !each.done)
  return { stones, points_mpt: sum(credited), next: open?.moment ?? null }
}

function sum(actions: Past[]): number {
  return actions.reduce((total, each) => total + each.points_mpt, 0)
}
