import { degrees, type Platform, type Position } from './types'

interface Reader {
  detect(source: CanvasImageSource): Promise<{ rawValue: string }[]>
}

type ReaderClass = new (options: { formats: string[] }) => Reader

const SCAN_MS = 60_000
const STANDARD_PX = 16

function readerClass(): ReaderClass | undefined {
  return (globalThis as { BarcodeDetector?: ReaderClass }).BarcodeDetector
}

/** A plain browser, and the one inside 浙政钉, which has no login of ours to give. */
export const browser: Platform = {
  name: 'browser',
  canScan: readerClass() !== undefined && !!navigator.mediaDevices,

  async login() {
    return null
  },

  async scan() {
    const Reader = readerClass()
    if (!Reader || !navigator.mediaDevices) return null
    const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' } })
    const video = document.createElement('video')
    video.srcObject = stream
    video.setAttribute('playsinline', '')
    try {
      await video.play()
      return await firstCode(new Reader({ formats: ['qr_code'] }), video)
    } finally {
      stream.getTracks().forEach((track) => track.stop())
    }
  },

  position() {
    return new Promise<Position | null>((resolve) => {
      if (!navigator.geolocation) {
        resolve(null)
        return
      }
      navigator.geolocation.getCurrentPosition(
        ({ coords }) =>
          resolve({
            latitude: degrees(coords.latitude),
            longitude: degrees(coords.longitude),
            accuracy_m: Math.ceil(coords.accuracy),
          }),
        () => resolve(null),
        { enableHighAccuracy: true, timeout: 10_000, maximumAge: 0 },
      )
    })
  },

  // Private windows may refuse storage: what is typed then lives as long as the page.
  read(key) {
    try {
      return localStorage.getItem(key)
    } catch {
      return null
    }
  },

  write(key, value) {
    try {
      if (value === null) localStorage.removeItem(key)
      else localStorage.setItem(key, value)
    } catch {
      return
    }
  },

  online() {
    return navigator.onLine
  },

  onOnline(back) {
    window.addEventListener('online', back)
  },

  // After uni-app's own title, and once the page stands.
  entered(title) {
    setTimeout(() => {
      document.title = `${title} · 碳普惠`
      const heading = [...document.querySelectorAll<HTMLElement>('[role=heading][aria-level="1"]')].pop()
      heading?.setAttribute('tabindex', '-1')
      heading?.focus({ preventScroll: true })
    }, 50)
  },

  // uni-app keeps the real field inside an element of its own.
  named(field, label) {
    const element = (field as { $el?: Element } | null)?.$el ?? (field as Element | null)
    element?.querySelector('input')?.setAttribute('aria-label', label)
  },

  textScale() {
    const probe = document.createElement('span')
    probe.style.fontSize = 'medium'
    document.body.append(probe)
    const size = parseFloat(getComputedStyle(probe).fontSize)
    probe.remove()
    return size / STANDARD_PX
  },
}

async function firstCode(reader: Reader, video: HTMLVideoElement): Promise<string | null> {
  const until = Date.now() + SCAN_MS
  while (Date.now() < until) {
    const [found] = await reader.detect(video)
    if (found) return found.rawValue
    await new Promise((resolve) => setTimeout(resolve, 150))
  }
  return null
}
