/** What the pages may ask of the phone they run on. Everything else of a platform stays out of them. */
export interface Platform {
  readonly name: 'weixin' | 'dingtalk' | 'browser'
  /** A one-time code of the platform's own login, and who vouches for it; null where there is none. */
  login(): Promise<{ provider: 'wechat' | 'zzd'; code: string } | null>
  /** The text of a QR code that the camera sees; null when the person gives up. */
  scan(): Promise<string | null>
  /** Whether `scan` works here at all: a browser without a camera reader has the poster's link instead. */
  readonly canScan: boolean
  /** Where the phone is, asked only from a tap; null when it may not or cannot say. */
  position(): Promise<Position | null>
  read(key: string): string | null
  write(key: string, value: string | null): void
  /** Whether the network seems to be there, and whenever that changes. */
  online(): boolean
  onOnline(back: () => void): void
  /** A page is shown: its title is told, and what reads aloud begins at its top. */
  entered(title: string): void
  /** Gives a field of text its name for readers. */
  named(field: unknown, label: string): void
  /** The phone's own text size against its standard. */
  textScale(): number
}

/** WGS84, as the server takes it; judged there and forgotten. */
export interface Position {
  latitude: string
  longitude: string
  accuracy_m: number
}

/** A coordinate as the server reads it: six decimals of a degree are a hand's breadth. */
export function degrees(value: number): string {
  return value.toFixed(6)
}
