import uniModule from '@dcloudio/vite-plugin-uni'
import { defineConfig, type Plugin } from 'vite'

// The plugin is CommonJS: what `import` gives depends on who loads this file.
const uni = (uniModule as unknown as { default?: typeof uniModule }).default ?? uniModule

/** uni-app's style sheet fetches shadows of title bars from its maker's host; this client asks no other host. */
const ownHostOnly: Plugin = {
  name: 'own-host-only',
  enforce: 'post',
  generateBundle(_, bundle) {
    for (const file of Object.values(bundle)) {
      if (file.type !== 'asset' || !file.fileName.endsWith('.css')) continue
      file.source = String(file.source).replace(/url\(["']?https?:[^)]*\)/g, 'none')
    }
  },
}

export default defineConfig({
  plugins: [uni(), ownHostOnly],
  server: { host: '127.0.0.1', proxy: { '/api': 'http://127.0.0.1:8000' } },
})
