/** Pictures of materials, and the order in which people bring them. */
import type { Schemas } from '@/api/client'
import { art } from '@/art'

type Offer = Schemas['Offer']

const PICTURES: Record<string, string> = {
  pet: 'bottle', cardboard: 'box', paper: 'paper', aluminium: 'can', textile: 'shirt', plastic: 'bottle', mixed_paper: 'paper',
  glass: 'glass', steel: 'can', ewaste: 'phone', battery: 'battery', food: 'food',
}
const FIRST = ['pet', 'cardboard', 'paper', 'aluminium', 'textile']

export function picture(material: string): string {
  return art(`x_${PICTURES[material] ?? 'mix'}`)
}

/** A label without what stands in brackets behind it. */
export function short(label: string): string {
  return label.split('（')[0] ?? label
}

/** The material logged last first, then what people bring most, then the others as the server lists them. */
export function inOrder(offers: Offer[], last: string): Offer[] {
  const place = (each: Offer) => {
    if (each.material === last) return -1
    const at = FIRST.indexOf(each.material)
    return at < 0 ? FIRST.length : at
  }
  return [...offers].sort((a, b) => place(a) - place(b))
}
