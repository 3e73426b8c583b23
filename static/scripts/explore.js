// A metric explored: zoomed and moved along its time line with finer figures as one comes nearer.
// The page's own drawing stays; this is beside it, and says in words what is shown.

import uPlot from 'uplot'

const SHADES = ['--app-accent', '--app-near', '--app-purple-text', '--app-met', '--app-muted', '--app-line-strong']
const LANES = { red: '--app-danger-text', purple: '--app-purple-text', amber: '--app-near', ink: '--app-text', navy: '--app-link' }
const HEIGHT = 320

/** A colour of the brand, as the page shows it now. */
function colour (name) {
  return getComputedStyle(document.body).getPropertyValue(name).trim()
}

/** The canvas, to be drawn on within the figures only until it is restored. */
function clipped (plot) {
  const { ctx, bbox } = plot
  ctx.save()
  ctx.beginPath()
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height)
  ctx.clip()
  return plot
}

class Explorer {
  constructor (root) {
    this.root = root
    this.plot = root.querySelector('[data-plot]')
    const format = { timeZone: root.dataset.zone, day: 'numeric', month: 'short' }
    const language = root.dataset.locale
    this.day = new Intl.DateTimeFormat(language, format)
    this.clock = new Intl.DateTimeFormat(language, { timeZone: root.dataset.zone, hour: '2-digit', minute: '2-digit', hour12: false })
    this.moment = new Intl.DateTimeFormat(language, { ...format, year: 'numeric', hour: '2-digit', minute: '2-digit', hour12: false })
    this.number = new Intl.NumberFormat(language, { maximumFractionDigits: 4 })
    this.whole = null // since when until when the page itself shows
    this.shown = null
    root.hidden = false
    root.addEventListener('toggle', () => { if (root.open && !this.shown) this.load() })
    root.addEventListener('click', ({ target }) => {
      if (target.dataset.act && this.shown) this[target.dataset.act]()
    })
    new ResizeObserver(() => {
      if (this.chart && this.plot.clientWidth) this.chart.setSize({ width: this.plot.clientWidth, height: HEIGHT })
    }).observe(this.plot)
    window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => { if (this.data) this.draw() })
  }

  /** The page's own choice of time and lines, or the time that was zoomed to. */
  address (since, until) {
    const query = new URLSearchParams(window.location.search)
    if (since !== undefined) {
      query.set('since', since)
      query.set('until', until)
    }
    return `${this.root.dataset.explore}?${query}`
  }

  async load (since, until) {
    const asked = this.asked = Symbol('asked')
    let data
    try {
      const answer = await fetch(this.address(since, until), { headers: { accept: 'application/json' } })
      if (!answer.ok) throw new Error(String(answer.status))
      data = await answer.json()
    } catch {
      this.say(this.root.dataset.failed)
      return
    }
    if (asked !== this.asked) return // something newer was asked for meanwhile
    this.data = data
    this.shown = [data.since, data.until]
    this.whole ??= this.shown
    this.draw()
    this.say(this.root.dataset.range
      .replace('{from}', this.moment.format(data.since * 1000))
      .replace('{until}', this.moment.format(data.until * 1000)))
    this.root.querySelector('[data-words]').textContent = data.words
  }

  say (words) {
    this.root.querySelector('[data-status]').textContent = words
  }

  show (since, until) {
    if (until - since >= 60) this.load(Math.round(since), Math.round(until))
  }

  in () { this.around(0.5) }
  out () { this.around(2) }
  earlier () { this.along(-0.5) }
  later () { this.along(0.5) }
  reset () { this.whole = null; this.load() }

  around (factor) {
    const [since, until] = this.shown
    const middle = (since + until) / 2
    const half = (until - since) / 2 * factor
    this.show(Math.max(middle - half, 0), middle + half)
  }

  along (share) {
    const [since, until] = this.shown
    const step = (until - since) * share
    this.show(Math.max(since + step, 0), until + step)
  }

  /** New figures have come: shown at once where nobody has zoomed. */
  refresh () {
    if (this.root.open && this.shown && String(this.shown) === String(this.whole)) this.reset()
  }

  draw () {
    this.chart?.destroy()
    const { data } = this
    const single = data.lines.length === 1
    const columns = [data.at]
    const series = [{ value: (_plot, at) => at === null ? '–' : this.moment.format(at * 1000), label: this.root.dataset.time }]
    const bands = []
    data.lines.forEach((line, place) => {
      const stroke = colour(SHADES[place % SHADES.length])
      const value = (_plot, figure) => figure === null ? '–' : `${this.number.format(figure)} ${data.unit}`.trim()
      series.push({ label: line.label, stroke, width: 1.75, value, points: { show: data.at.length < 80 } })
      columns.push(line.mean)
      if (single && data.words && line.lowest.some((low, at) => low !== line.highest[at])) {
        series.push({ label: '▼', stroke, width: 0.5, value, points: { show: false } })
        series.push({ label: '▲', stroke, width: 0.5, value, points: { show: false } })
        columns.push(line.lowest, line.highest)
        bands.push({ series: [3, 2], fill: `${stroke}26` })
      }
    })
    this.chart = new uPlot({ // eslint-disable-line new-cap
      width: this.plot.clientWidth || 600,
      height: HEIGHT,
      series,
      bands,
      scales: {
        x: { time: true, range: () => [data.since, data.until] },
        y: { range: (_plot, low, high) => this.levels(low, high) },
      },
      axes: [this.axis((_plot, moments) => moments.map((at) => this.foot(at))), this.axis((_plot, values) => values.map((value) => this.number.format(value)), 70)],
      cursor: { drag: { x: true, y: false, setScale: false }, bind: { dblclick: () => () => this.reset() } },
      hooks: {
        drawClear: [(plot) => this.lanes(plot)],
        draw: [(plot) => this.limits(plot)],
        setSelect: [(plot) => this.selected(plot)],
      },
    }, columns, this.plot)
    const canvas = this.plot.querySelector('canvas')
    canvas.setAttribute('role', 'img')
    canvas.setAttribute('aria-label', this.root.dataset.name)
  }

  axis (values, size = 44) {
    return {
      values, size, font: '13px Inter, sans-serif', stroke: colour('--app-muted'),
      grid: { stroke: colour('--app-line'), width: 1 }, ticks: { stroke: colour('--app-line'), width: 1 },
    }
  }

  foot (at) {
    const [since, until] = this.shown
    const day = this.day.format(at * 1000)
    return until - since > 4 * 86400 ? day : `${day}\n${this.clock.format(at * 1000)}`
  }

  /** From the lowest to the highest of figures and limits, with a little room. */
  levels (low, high) {
    const values = this.data.limits.map((limit) => limit.value)
    const bottom = Math.min(low ?? Infinity, ...values)
    const top = Math.max(high ?? -Infinity, ...values)
    if (!Number.isFinite(bottom) || !Number.isFinite(top)) return [0, 1]
    const room = (top - bottom || Math.abs(top) || 1) * 0.06
    return [bottom - room, top + room]
  }

  selected (plot) {
    const { left, width } = plot.select
    if (width > 8) this.show(plot.posToVal(left, 'x'), plot.posToVal(left + width, 'x'))
    if (width) plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false)
  }

  /** What lasted as a shade behind the figures, what happened at once as a stroke. */
  lanes (plot) {
    const { ctx, bbox } = clipped(plot)
    for (const lane of this.data.lanes) {
      ctx.fillStyle = ctx.strokeStyle = colour(LANES[lane.colour] ?? '--app-muted')
      for (const [since, until, words] of lane.marks) {
        const x = plot.valToPos(since, 'x', true)
        const end = plot.valToPos(until, 'x', true)
        ctx.globalAlpha = lane.shaded ? 0.16 : 0.1
        if (until > since) ctx.fillRect(x, bbox.top, Math.max(end - x, 2), bbox.height)
        ctx.globalAlpha = 0.8
        ctx.lineWidth = devicePixelRatio
        ctx.beginPath()
        ctx.moveTo(x, bbox.top)
        ctx.lineTo(x, bbox.top + bbox.height)
        ctx.stroke()
        ctx.globalAlpha = 1
        ctx.save()
        ctx.textAlign = 'left'
        ctx.textBaseline = 'alphabetic'
        ctx.font = `${11 * devicePixelRatio}px Inter, sans-serif`
        ctx.translate(x + 3 * devicePixelRatio, bbox.top + 4 * devicePixelRatio)
        ctx.rotate(Math.PI / 2)
        ctx.fillText(words, 0, 0)
        ctx.restore()
      }
    }
    ctx.restore()
  }

  limits (plot) {
    const { ctx, bbox } = clipped(plot)
    ctx.strokeStyle = ctx.fillStyle = colour('--app-danger-text')
    ctx.lineWidth = 1.75 * devicePixelRatio
    ctx.setLineDash([6 * devicePixelRatio, 4 * devicePixelRatio])
    ctx.textAlign = 'left'
    ctx.textBaseline = 'alphabetic'
    ctx.font = `600 ${12 * devicePixelRatio}px Inter, sans-serif`
    for (const limit of this.data.limits) {
      const y = plot.valToPos(limit.value, 'y', true)
      const x = Math.max(plot.valToPos(limit.since, 'x', true), bbox.left)
      ctx.beginPath()
      ctx.moveTo(x, y)
      ctx.lineTo(plot.valToPos(limit.until, 'x', true), y)
      ctx.stroke()
      ctx.fillText(limit.label, x + 6 * devicePixelRatio, y - 5 * devicePixelRatio)
    }
    ctx.restore()
  }
}

const explorers = [...document.querySelectorAll('[data-explore]')].map((root) => new Explorer(root))

document.body.addEventListener('htmx:afterSettle', ({ target }) => {
  if (target.id === 'figures') explorers.forEach((explorer) => explorer.refresh())
})

// Nobody looks at a page in the background: it asks for nothing.
document.body.addEventListener('htmx:beforeRequest', (event) => {
  if (document.hidden && event.target.id === 'figures') event.preventDefault()
})
