// Autosave: every change is sent a moment after it was made. What cannot be sent is kept on
// this device and sent when the connection (or the sign-in) is back; nothing typed is lost.

const PAUSE = 800
const RETRY = 15000
const MAX_AGE = 7 * 24 * 3600 * 1000
const SUBMITTED = 'draft-submitted'
const words = document.body.dataset

/** A form was submitted: unless that led to the sign-in page, its copy here has done its work. */
function settleSubmitted () {
  const key = sessionStorage.getItem(SUBMITTED)
  sessionStorage.removeItem(SUBMITTED)
  if (key && !window.location.pathname.startsWith('/sign-in')) localStorage.removeItem(key)
}

settleSubmitted()

/** Give every `form[data-autosave]` within `root` its saver. */
export function startAutosave (root) {
  const forms = [...root.querySelectorAll('form[data-autosave]')]
  if (root.matches?.('form[data-autosave]')) forms.push(root)
  for (const form of forms) {
    if (form.dataset.autosaveStarted) continue
    form.dataset.autosaveStarted = 'true'
    new Saver(form).start()
  }
}

class Saver {
  constructor (form) {
    this.form = form
    this.key = `draft:${form.dataset.autosave}`
    this.status = form.querySelector('[data-autosave-status]')
    this.timer = null
    this.changed = false
    this.sending = false
    this.again = false
    this.asked = new AbortController()
  }

  start () {
    this.restore()
    this.form.addEventListener('input', () => this.soon(PAUSE))
    this.form.addEventListener('change', () => this.soon(0))
    this.form.addEventListener('submit', () => this.submitted())
    window.addEventListener('online', () => { if (this.kept()) this.save() })
    window.addEventListener('pagehide', () => this.flush())
  }

  /**
   * The server takes it from here; the copy is for the case that it asks to sign in first.
   * What is on its way must not come after it: the server would refuse it.
   */
  submitted () {
    clearTimeout(this.timer)
    this.changed = this.again = false
    this.asked.abort()
    this.keep()
    sessionStorage.setItem(SUBMITTED, this.key)
  }

  soon (pause) {
    clearTimeout(this.timer)
    this.changed = true
    this.timer = setTimeout(() => this.save(), pause)
  }

  body () {
    const fields = new URLSearchParams()
    for (const [name, value] of new FormData(this.form)) {
      if (typeof value === 'string') fields.append(name, value)
    }
    return fields
  }

  async save () {
    if (this.sending) {
      this.again = true
      return
    }
    this.sending = true
    this.changed = false
    this.tell(words.autosaveWaiting)
    try {
      await this.send()
    } catch (error) {
      if (error.name !== 'AbortError') {
        this.keep()
        this.tell(words.autosaveOffline, 'offline')
        this.soon(RETRY)
      }
    }
    this.sending = false
    if (this.again) {
      this.again = false
      this.soon(0)
    }
  }

  async send () {
    this.asked = new AbortController()
    const answer = await fetch(this.form.dataset.autosave, {
      method: 'POST',
      body: this.body(),
      headers: { 'X-Autosave': 'true' },
      credentials: 'same-origin',
      redirect: 'manual',
      signal: this.asked.signal,
    })
    if (answer.ok) {
      localStorage.removeItem(this.key)
      this.tell(await answer.text())
    } else if (answer.type === 'opaqueredirect' || [401, 403].includes(answer.status)) {
      this.keep()
      this.tell(words.autosaveRefused, 'offline')
    } else if ([409, 422].includes(answer.status)) {
      this.tell(await answer.text(), 'offline')
    } else {
      throw new Error(String(answer.status))
    }
  }

  /** The page goes away while a change waits: send it with the page's last breath. */
  flush () {
    clearTimeout(this.timer)
    if (this.changed) navigator.sendBeacon(this.form.dataset.autosave, this.body())
  }

  keep () {
    const fields = [...this.body()].filter(([name]) => !name.startsWith('_'))
    try {
      localStorage.setItem(this.key, JSON.stringify({ at: Date.now(), fields }))
    } catch { /* a full or forbidden storage: the server is still asked again */ }
  }

  kept () {
    try {
      const kept = JSON.parse(localStorage.getItem(this.key))
      return kept && Date.now() - kept.at < MAX_AGE ? kept : null
    } catch {
      return null
    }
  }

  /** Put back what an earlier visit could not send, and send it now. */
  restore () {
    const kept = this.kept()
    localStorage.removeItem(this.key)
    if (!kept || this.form.querySelector('.govuk-form-group--error')) return
    const before = JSON.stringify([...this.body()].filter(([name]) => !name.startsWith('_')))
    if (before === JSON.stringify(kept.fields)) return
    this.fill(kept.fields)
    this.tell(words.autosaveRestored)
    this.soon(PAUSE)
  }

  fill (fields) {
    const values = new Map()
    for (const [name, value] of fields) values.set(name, [...(values.get(name) ?? []), value])
    for (const field of this.form.elements) {
      if (!field.name || field.name.startsWith('_') || field.type === 'hidden') continue
      const held = values.get(field.name) ?? []
      if (['checkbox', 'radio'].includes(field.type)) field.checked = held.includes(field.value)
      else if (field.type !== 'file' && field.type !== 'submit' && held.length) field.value = held.shift()
    }
  }

  tell (text, kind = '') {
    if (!this.status) return
    this.status.textContent = text
    this.status.classList.toggle('app-autosave--offline', kind === 'offline')
  }
}
