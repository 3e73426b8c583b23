// Questions that are asked only after certain answers: shown and put away as people answer.
// Without scripts the server shows them when the section is saved.

/** Watch every `form[data-questions]` within `root`. */
export function startQuestions (root) {
  for (const form of root.querySelectorAll('form[data-questions]')) {
    if (form.dataset.questionsStarted) continue
    form.dataset.questionsStarted = 'true'
    const update = () => settle(form)
    form.addEventListener('change', update)
    update()
  }
}

function settle (form) {
  for (const part of form.querySelectorAll('[data-when]')) {
    const when = JSON.parse(part.dataset.when)
    if (!facts(when).every(fact => fieldsOf(form, fact).length > 0)) continue // another page's
    const asked = holds(when, form)
    const kept = part.querySelector(':scope > template')
    if (asked && kept) {
      part.append(kept.content.cloneNode(true))
      kept.remove()
    }
    part.hidden = !asked
    for (const field of part.querySelectorAll('input, select, textarea')) field.disabled = !asked
  }
}

function facts (when) {
  const parts = [...(when.all ?? []), ...(when.any ?? []), ...(when.not ? [when.not] : [])]
  return [...(when.fact ? [when.fact] : []), ...parts.flatMap(facts)]
}

function nameOf (form, fact) {
  return (form.dataset.whenPrefix ?? '') + fact
}

function fieldsOf (form, fact) {
  return form.querySelectorAll(`[name="${CSS.escape(nameOf(form, fact))}"]`)
}

function answers (form, fact) {
  return new FormData(form).getAll(nameOf(form, fact)).filter(value => value !== '')
}

function holds (when, form) {
  if (when.all) return when.all.every(part => holds(part, form))
  if (when.any) return when.any.some(part => holds(part, form))
  if (when.not) return !holds(when.not, form)
  const given = answers(form, when.fact)
  if (given.length === 0) return when.answered === false
  const number = Number(given[0].replaceAll(',', ''))
  return (when.answered ?? true) &&
    (when.is === undefined || said(given[0]) === when.is) &&
    (when.in === undefined || when.in.includes(said(given[0]))) &&
    (when.has === undefined || given.some(value => when.has.includes(value))) &&
    (when.at_least === undefined || number >= when.at_least) &&
    (when.at_most === undefined || number <= when.at_most)
}

function said (value) {
  return value === 'yes' ? true : value === 'no' ? false : value
}
