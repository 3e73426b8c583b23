// Runs before the first paint: says that scripts work, so that nothing jumps later.
document.body.classList.add('js-enabled', 'govuk-frontend-supported')
