/** The platform this build runs on. Pages and stores import this, never a platform's own interface. */
// #ifdef MP-WEIXIN
import { weixin } from './weixin'
// #endif
// #ifdef H5
import { browser } from './browser'
// #endif
import type { Platform } from './types'

let chosen: Platform
// #ifdef MP-WEIXIN
chosen = weixin
// #endif
// #ifdef H5
chosen = browser
// #endif

export const platform: Platform = chosen!
export type { Platform, Position } from './types'
