// Rows that are added and removed on the spot. Without scripts the same buttons send the form.

const NUMBERED = ['id', 'name', 'for', 'aria-describedby', 'value']

/** Give every `[data-rows]` within `root` its behaviour. */
export function startRows (root) {
  for (const field of root.querySelectorAll('[data-rows]')) {
    if (field.dataset.rowsStarted) continue
    field.dataset.rowsStarted = 'true'
    field.addEventListener('click', (event) => pressed(field, event))
  }
}

function pressed (field, event) {
  const button = event.target.closest('button[name="add_row"], button[name="remove_row"]')
  if (!button) return
  event.preventDefault()
  if (button.name === 'add_row') add(field)
  else remove(field, button.closest('[data-row]'))
  number(field)
  field.dispatchEvent(new Event('change', { bubbles: true })) // autosave hears it
}

const rowsOf = (field) => [...field.querySelectorAll('[data-row]')]
const inputsOf = (row) => [...row.querySelectorAll('input, select, textarea')]

function add (field) {
  const rows = rowsOf(field)
  const row = rows.at(-1).cloneNode(true)
  empty(row)
  rows.at(-1).after(row)
  inputsOf(row)[0].focus()
}

function remove (field, row) {
  const rows = rowsOf(field)
  const at = rows.indexOf(row)
  if (rows.length === 1) empty(row)
  else row.remove()
  const near = rowsOf(field)[Math.max(0, at - 1)]
  inputsOf(near)[0].focus()
}

function empty (row) {
  for (const error of row.querySelectorAll('.govuk-error-message')) error.remove()
  for (const element of row.querySelectorAll('[class*="--error"]')) {
    element.classList.remove('govuk-form-group--error', 'govuk-input--error', 'govuk-select--error', 'govuk-textarea--error')
  }
  for (const input of inputsOf(row)) input.value = ''
}

/** Number the rows anew, so that names and labels stay in order. */
function number (field) {
  const name = field.dataset.rows
  const rows = rowsOf(field)
  rows.forEach((row, at) => {
    for (const words of row.querySelectorAll('[data-row-number]')) words.textContent = at + 1
    for (const element of row.querySelectorAll('*')) {
      for (const attribute of NUMBERED) renumber(element, attribute, name, at)
    }
    row.querySelector('button[name="remove_row"]').hidden = false
  })
  field.querySelector('button[name="add_row"]').hidden = rows.length >= Number(field.dataset.rowsMost)
}

function renumber (element, attribute, name, at) {
  if (attribute === 'value' && element.tagName !== 'BUTTON') return
  const held = element.getAttribute(attribute)
  if (!held?.startsWith(`${name}.`)) return
  element.setAttribute(attribute, held.replaceAll(new RegExp(`(^|\\s)(${name})\\.\\d+`, 'g'), `$1$2.${at}`))
}
