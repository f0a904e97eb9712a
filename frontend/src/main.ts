// Boot: styles, session, screen.
import '../../static/style/tokens.css';
import '../../static/style/base.css';
import { mount } from 'svelte';
import { app } from './app.svelte';
import App from './views/App.svelte';

const target = document.getElementById('app');
if (target) {
  mount(App, { target });
  void app.boot();
}
