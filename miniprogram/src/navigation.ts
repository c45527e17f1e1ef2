/** Ways between pages; templates cannot name `uni` itself. */
import { goOnAt } from '@/stores/session'

export function open(url: string): void {
  uni.navigateTo({ url })
}

export function replace(url: string): void {
  uni.redirectTo({ url })
}

export function home(): void {
  uni.reLaunch({ url: '/pages/home/home' })
}

/** To the login, and back to where it was asked for. */
export function toLogin(from: string): void {
  goOnAt(from)
  uni.reLaunch({ url: '/pages/login/login' })
}
