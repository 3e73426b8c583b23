// The page's behaviour. Everything works without it; this makes it quicker and kinder.
import {
  Button, CharacterCount, Checkboxes, ErrorSummary, PasswordInput, Radios, ServiceNavigation,
  SkipLink, Tabs, Accordion,
} from 'govuk-frontend'
import htmx from 'htmx.org'
import { startAutosave } from './autosave.js'
import { startFiles } from './files.js'
import { startQuestions } from './questions.js'
import { startRows } from './rows.js'

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

const ROLES = { TABLE: 'table', TBODY: 'rowgroup', THEAD: 'rowgroup', TR: 'row', TD: 'cell' }

/** A table of many columns becomes cards on a phone: every cell then carries its column's name.
    The roles say what the changed display would hide from a screen reader. */
function label (table) {
  const heads = [...table.querySelectorAll('thead tr > *')].map((head) => head.textContent.trim())
  if (heads.length < 4 || table.classList.contains('app-table--stack')) return
  table.classList.add('app-table--stack')
  for (const element of [table, ...table.querySelectorAll('thead, tbody, tr, td, th')]) {
    const scope = element.getAttribute('scope') === 'row' ? 'rowheader' : 'columnheader'
    element.setAttribute('role', ROLES[element.tagName] ?? scope)
  }
  for (const row of table.querySelectorAll('tbody tr')) {
    [...row.children].forEach((cell, at) => { cell.dataset.label = heads[at] ?? '' })
  }
}

/** A table that is wider than its frame can be reached, and so scrolled, by keyboard. */
const frames = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    if (target.scrollWidth > target.clientWidth) target.tabIndex = 0
    else target.removeAttribute('tabindex')
  }
})

/** Start the components and forms within `root`, each once. */
function start (root) {
  for (const Component of COMPONENTS) {
    const selector = `[data-module="${Component.moduleName}"]:not([data-${Component.moduleName}-init])`
    const found = [...root.querySelectorAll(selector)]
    if (root.matches?.(selector)) found.push(root)
    for (const element of found) new Component(element) // eslint-disable-line no-new
  }
  startQuestions(root)
  startFiles(root)
  startAutosave(root)
  startRows(root)
  for (const table of root.querySelectorAll('.app-table')) label(table)
  for (const frame of root.querySelectorAll('.app-table-frame')) frames.observe(frame)
}

start(document.body)
htmx.onLoad((element) => { if (element !== document.body) start(element) })

// A session that ended must not put a sign-in page into a table cell: go there instead.
document.body.addEventListener('htmx:beforeSwap', (event) => {
  if ([401, 403].includes(event.detail.xhr.status)) window.location.reload()
})

// A part that could not be fetched says so, instead of doing nothing.
function tellFailure () {
  document.querySelector('.app-flash--failed')?.remove()
  const flash = document.createElement('div')
  flash.className = 'app-flash app-flash--error app-flash--failed'
  flash.setAttribute('role', 'alert')
  const text = document.createElement('p')
  text.className = 'govuk-width-container app-flash__text'
  text.textContent = document.body.dataset.failed
  flash.append(text)
  document.querySelector('header').after(flash)
}

document.body.addEventListener('htmx:responseError', tellFailure)
document.body.addEventListener('htmx:sendError', tellFailure)

// An address of filters names only those that are set.
document.body.addEventListener('htmx:configRequest', ({ detail }) => {
  if (detail.verb !== 'get') return
  for (const [name, value] of [...detail.formData]) {
    if (value === '') detail.formData.delete(name)
  }
})

// Filters apply themselves; the button is for those without scripts.
for (const form of document.querySelectorAll('form.app-filter[hx-get]')) {
  form.classList.add('app-filter--live')
}

// On a small screen the filter begins closed, so that the list is in sight.
const phone = window.matchMedia('(max-width: 48em)')
function foldFilters () {
  for (const details of document.querySelectorAll('.app-filter__details')) details.open = !phone.matches
}
if (phone.matches) foldFilters()
phone.addEventListener('change', foldFilters)

for (const button of document.querySelectorAll('[data-copy]')) {
  button.hidden = false
  button.addEventListener('click', async () => {
    const source = document.getElementById(button.dataset.copy)
    await navigator.clipboard.writeText(source.value ?? source.textContent)
    button.textContent = button.dataset.copied || button.textContent
  })
}
