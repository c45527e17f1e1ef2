/** Requests to the server: types come from its OpenAPI document, refusals are its problems. */
import { platform } from '@/platform'

import type { components } from './schema'

export type Schemas = components['schemas']
export type Problem = Schemas['Problem']

const TOKEN = 'tanpuhui.token'
const TIMEOUT_MS = 15_000

/** The server refused: what it says is meant for the person. */
export class Refused extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail)
  }
  /** The request may succeed later, as it is. */
  get passing(): boolean {
    return this.problem.status >= 500 || this.problem.status === 429 || this.problem.status === 409
  }
}

/** No answer came: nobody knows whether the request arrived. */
export class Unanswered extends Error {}

export function token(): string | null {
  return platform.read(TOKEN)
}

export function keepToken(value: string | null): void {
  platform.write(TOKEN, value)
}

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE'

/** Sends one request; the answer is what the operation's schema says. */
export function call<Answer>(method: Method, path: string, body?: object): Promise<Answer> {
  const header: Record<string, string> = { Accept: 'application/json' }
  const bearer = token()
  if (bearer) header['Authorization'] = `Bearer ${bearer}`
  if (body) header['Content-Type'] = 'application/json'
  return new Promise((resolve, reject) => {
    uni.request({
      url: `${base()}/api/v1${path}`,
      method,
      header,
      timeout: TIMEOUT_MS,
      ...(body ? { data: body } : {}),
      success: ({ statusCode, data }) => {
        if (statusCode < 400) {
          resolve(data as Answer)
          return
        }
        if (statusCode === 401) keepToken(null)
        reject(new Refused(problemOf(statusCode, data)))
      },
      fail: () => reject(new Unanswered('网络不通，请稍后再试。')),
    })
  })
}

function problemOf(status: number, data: unknown): Problem {
  if (data && typeof data === 'object' && 'code' in data) return data as Problem
  // A proxy in between answers with pages of its own.
  return { type: 'about:blank', title: '', status, detail: '服务暂时不可用，请稍后再试。', code: 'unavailable' } as Problem
}

/** Where the server is: beside the page in a browser, as built for a mini-program. */
function base(): string {
  // #ifdef H5
  return ''
  // #endif
  return import.meta.env['VITE_API_ORIGIN'] ?? ''
}
