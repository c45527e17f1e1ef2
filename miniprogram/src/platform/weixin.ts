import { degrees, type Platform, type Position } from './types'

const STANDARD_PX = 16
let connected = true

/** WeChat's mini-program. Each private interface is named in manifest.json, and only used here. */
export const weixin: Platform = {
  name: 'weixin',
  canScan: true,

  login() {
    return new Promise((resolve) => {
      uni.login({
        provider: 'weixin',
        success: ({ code }) => resolve({ provider: 'wechat', code }),
        fail: () => resolve(null),
      })
    })
  },

  scan() {
    return new Promise((resolve) => {
      uni.scanCode({
        onlyFromCamera: true,
        scanType: ['qrCode', 'wxCode'],
        // A mini-program code tells its page and scene in `path`, an ordinary link in `result`.
        success: (found) => resolve(found.result || (found as { path?: string }).path || null),
        fail: () => resolve(null),
      })
    })
  },

  position() {
    return new Promise<Position | null>((resolve) => {
      uni.getLocation({
        type: 'wgs84',
        isHighAccuracy: true,
        success: (found) =>
          resolve({
            latitude: degrees(found.latitude),
            longitude: degrees(found.longitude),
            accuracy_m: Math.ceil(found.accuracy),
          }),
        fail: () => resolve(null),
      })
    })
  },

  read(key) {
    const value: unknown = uni.getStorageSync(key)
    return typeof value === 'string' && value !== '' ? value : null
  },

  write(key, value) {
    if (value === null) uni.removeStorageSync(key)
    else uni.setStorageSync(key, value)
  },

  online() {
    return connected
  },

  onOnline(back) {
    uni.onNetworkStatusChange(({ isConnected }) => {
      const returned = isConnected && !connected
      connected = isConnected
      if (returned) back()
    })
  },

  entered(title) {
    uni.setNavigationBarTitle({ title })
  },

  // The label beside the field is read with it.
  named() {},

  textScale() {
    const size = (uni.getAppBaseInfo() as { fontSizeSetting?: number }).fontSizeSetting
    return (size ?? STANDARD_PX) / STANDARD_PX
  },
}
