import { createSSRApp } from 'vue'

import App from './App.vue'

/** uni-app's entry: it mounts what this returns, in a browser as in WeChat. */
export function createApp() {
  return { app: createSSRApp(App) }
}
