/** Who is logged in. A login that comes back finds the page and what was typed as they were. */
import { reactive } from 'vue'

import { call, keepToken, token, Unanswered, type Schemas } from '@/api/client'
import { platform } from '@/platform'

import { forgetKnown, known, remember } from './known'
import { sync } from './queue'

export type Member = Schemas['Member']
type Session = Schemas['Session']

const NEXT = 'tanpuhui.next'
const ME = '/me'

export const session = reactive<{ member: Member | null }>({ member: null })

/** Reads the own account where a token is kept; null without one or where it is refused. */
export async function restore(): Promise<Member | null> {
  if (!token() && !(await byPlatform())) return null
  if (session.member) return session.member
  try {
    session.member = await call<Member>('GET', ME)
    remember(ME, session.member)
  } catch (error) {
    // Without network everything can be logged, as whoever was logged in last.
    session.member = error instanceof Unanswered ? known<Member>(ME) : null
  }
  return session.member
}

async function byPlatform(): Promise<boolean> {
  const vouched = await platform.login()
  if (!vouched) return false
  await open(vouched.provider, vouched.code)
  return true
}

/** Logs in by the code of a one-time link. */
export function byLink(code: string): Promise<Member> {
  return open('link', code)
}

async function open(provider: string, code: string): Promise<Member> {
  const opened = await call<Session>('POST', '/sessions', { provider, code })
  keepToken(opened.token)
  forgetKnown()
  session.member = opened.member as Member
  remember(ME, session.member)
  void sync()
  return session.member
}

export async function leave(): Promise<void> {
  await call('DELETE', '/sessions/current').catch(() => undefined)
  keepToken(null)
  forgetKnown()
  session.member = null
}

/** Where to go on after the login. */
export function goOnAt(path: string | null): void {
  platform.write(NEXT, path)
}

export function goOn(): string {
  const next = platform.read(NEXT)
  platform.write(NEXT, null)
  return next ?? '/pages/home/home'
}
