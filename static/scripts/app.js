// The page's behaviour. Everything works without it; this makes it quicker and kinder.
import {
  Button, CharacterCount, Checkboxes, ErrorSummary, PasswordInput, Radios, ServiceNavigation,
  SkipLink, Tabs, Accordion,
} from 'govuk-frontend'
import htmx from 'htmx.org'
import { startAutosave } from './autosave.js'

/** ARIA gives radios no aria-expanded; what a choice reveals follows it at once anyway. */
class PlainRadios extends Radios {
  syncConditionalRevealWithInputState (input) {
    super.syncConditionalRevealWithInputState(input)
    input.removeAttribute('aria-expanded')
  }
}

const COMPONENTS = [
  Accordion, Button, CharacterCount, Checkboxes, ErrorSummary, PasswordInput, PlainRadios,
  ServiceNavigation, SkipLink, Tabs,
]

/** Start the components and forms within `root`, each once. */
function start (root) {
  for (const Component of COMPONENTS) {
    const selector = `[data-module="${Component.moduleName}"]:not([data-${Component.moduleName}-init])`
    const found = [...root.querySelectorAll(selector)]
    if (root.matches?.(selector)) found.push(root)
    for (const element of found) new Component(element) // eslint-disable-line no-new
  }
  startAutosave(root)
  for (const frame of root.querySelectorAll('.app-table-frame')) {
    if (frame.scrollWidth <= frame.clientWidth) frame.removeAttribute('tabindex')
  }
}

start(document.body)
htmx.onLoad((element) => { if (element !== document.body) start(element) })

// A session that ended must not put a sign-in page into a table cell: go there instead.
document.body.addEventListener('htmx:beforeSwap', (event) => {
  if ([401, 403].includes(event.detail.xhr.status)) window.location.reload()
})

// Filters apply themselves; the button is for those without scripts.
for (const form of document.querySelectorAll('form.app-filter[hx-get]')) {
  form.classList.add('app-filter--live')
}

// On a small screen the filter begins closed, so that the list is in sight.
if (window.matchMedia('(max-width: 48em)').matches) {
  for (const details of document.querySelectorAll('.app-filter__details')) details.open = false
}

for (const button of document.querySelectorAll('[data-copy]')) {
  button.hidden = false
  button.addEventListener('click', async () => {
    const source = document.getElementById(button.dataset.copy)
    await navigator.clipboard.writeText(source.value ?? source.textContent)
    button.textContent = button.dataset.copied || button.textContent
  })
}
