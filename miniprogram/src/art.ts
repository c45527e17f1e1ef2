/** Where a picture lies: beside the page in a browser, at the root of a mini-program's package. */
export function art(name: string): string {
  let base = '/'
  // #ifdef H5
  base = './'
  // #endif
  return `${base}static/art/${name}.svg`
}
