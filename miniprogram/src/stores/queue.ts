/**
 * What was logged and has no answer yet. A record is written down before it is sent, so that neither a
 * lost network nor a killed app loses it; its reference makes a second sending harmless.
 */
import { reactive } from 'vue'

import { call, Refused, type Problem, type Schemas } from '@/api/client'
import { platform } from '@/platform'

import { known } from './known'

const KEY = 'tanpuhui.queue'
const BATCH = 100

export type Action = Schemas['ActionRequest']
export type Receipt = Schemas['Receipt']

export interface Waiting {
  action: Action
  title: string
  /** Whose it is: on a shared phone it waits until they are back. */
  member: number | null
  /** Why the server refused it for good; kept until the person has read it. */
  refused?: Problem
}

interface BatchItem {
  status: number
  receipt: Receipt | null
  problem: Problem | null
}

export const queue = reactive<{ items: Waiting[]; sending: boolean; asked: string | null }>({
  items: kept(),
  sending: false,
  // The reference of the record that is on its way for the first time: it does not wait yet.
  asked: null,
})

function kept(): Waiting[] {
  try {
    const value: unknown = JSON.parse(platform.read(KEY) ?? '[]')
    return Array.isArray(value) ? (value as Waiting[]) : []
  } catch {
    return []
  }
}

function keep(): void {
  platform.write(KEY, queue.items.length ? JSON.stringify(queue.items) : null)
}

/** Everything on this phone of whoever is logged in, with what was refused. */
export function own(): Waiting[] {
  const member = owner()
  return queue.items.filter((item) => item.member === member)
}

export function pending(): Waiting[] {
  return own().filter((item) => !item.refused && item.action.reference !== queue.asked)
}

function owner(): number | null {
  return known<Schemas['Member']>('/me')?.id ?? null
}

/** Logs an action: its receipt, or null while it waits on the phone. A refusal is thrown. */
export async function log(action: Action, title: string): Promise<Receipt | null> {
  queue.items.push({ action, title, member: owner() })
  queue.asked = action.reference
  keep()
  try {
    const receipt = await call<Receipt>('POST', '/actions', action)
    forget(action.reference)
    return receipt
  } catch (error) {
    if (error instanceof Refused && error.problem.status !== 401 && !error.passing) {
      forget(action.reference)
      throw error
    }
    return null
  } finally {
    queue.asked = null
  }
}

/** Sends what waits, oldest first, in batches; nothing happens while one is under way. */
export async function sync(): Promise<number> {
  if (queue.sending || !pending().length) return 0
  queue.sending = true
  let sent = 0
  try {
    while (pending().length) {
      const part = pending().slice(0, BATCH)
      const answer = await call<{ results: BatchItem[] }>('POST', '/actions/batch', {
        actions: part.map((item) => item.action),
      })
      const settled = part.filter((item, at) => settle(item, answer.results[at]))
      sent += settled.filter((item) => !item.refused).length
      keep()
      if (settled.length < part.length) break // the rest may pass later
    }
  } catch {
    // Still offline, or logged out: everything stays where it is.
  } finally {
    queue.sending = false
  }
  return sent
}

/** Takes in the answer to one record; false where it has to be sent again. */
function settle(item: Waiting, result: BatchItem | undefined): boolean {
  if (!result) return false
  if (result.receipt) {
    forget(item.action.reference)
    return true
  }
  if (!result.problem || new Refused(result.problem).passing) return false
  item.refused = result.problem
  return true
}

export function forget(reference: string): void {
  queue.items = queue.items.filter((item) => item.action.reference !== reference)
  keep()
}
