// A file that is too large is said to be so before it is sent; the rest of the form stays as it is.

/** Watch every file field within `root` that names its limit. */
export function startFiles (root) {
  for (const input of root.querySelectorAll('input[type="file"][data-largest]')) {
    if (input.dataset.filesStarted) continue
    input.dataset.filesStarted = 'true'
    input.addEventListener('change', () => judge(input))
    input.form?.addEventListener('submit', (event) => {
      if (judge(input)) return
      event.preventDefault()
      event.stopImmediatePropagation()
      input.focus()
    }, { capture: true })
  }
}

/** Whether the chosen files may be sent; else their field says why not. */
function judge (input) {
  const fits = [...input.files].every((file) => file.size <= Number(input.dataset.largest))
  const group = input.closest('.govuk-form-group')
  group.querySelector('.govuk-error-message')?.remove()
  group.classList.toggle('govuk-form-group--error', !fits)
  input.classList.toggle('govuk-file-upload--error', !fits)
  if (!fits) input.before(message(input))
  return fits
}

function message (input) {
  const text = document.createElement('p')
  text.className = 'govuk-error-message'
  text.id = `${input.id}-error`
  text.setAttribute('role', 'alert')
  const hidden = document.createElement('span')
  hidden.className = 'govuk-visually-hidden'
  hidden.textContent = `${input.dataset.error}: `
  text.append(hidden, input.dataset.tooLarge)
  const described = (input.getAttribute('aria-describedby') ?? '').split(' ')
  if (!described.includes(text.id)) {
    input.setAttribute('aria-describedby', [...described, text.id].join(' ').trim())
  }
  return text
}
