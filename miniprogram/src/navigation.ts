/** Ways between pages; templates cannot name `uni` itself. */
import { platform } from '@/platform'
import { goOnAt } from '@/stores/session'

export function open(url: string): void {
  uni.navigateTo({ url })
}

export function replace(url: string): void {
  uni.redirectTo({ url })
}

export function home(): void {
  tab('home')
}

/** To one of the pages of the bar at the bottom. */
export function tab(page: string): void {
  uni.reLaunch({ url: `/pages/${page}/${page}` })
}

/** To where one came from; a page that was opened by its own address leads home. */
export function back(): void {
  if (getCurrentPages().length > 1) uni.navigateBack()
  else home()
}

/** Opens the camera where there is one, then the page for what it saw. */
export async function scan(): Promise<void> {
  const code = platform.canScan ? await platform.scan() : null
  open(`/pages/scan/scan${code ? `?code=${encodeURIComponent(code)}` : ''}`)
}

/** To the login, and back to where it was asked for. */
export function toLogin(from: string): void {
  goOnAt(from)
  uni.reLaunch({ url: '/pages/login/login' })
}
