// One component for every row, tile and chip that has to go on living while no server speaks.
// The server renders escaped rows; the browser selects, counts ages up and deadlines down on its own monotonic clock.
export default function (component) {
  const { data, parentElement, setStateValue } = component
  const box = parentElement.querySelector("#r")
  const state = (parentElement.__living ||= { born: performance.now() })

  if (box.__html !== data.html) {
    box.innerHTML = data.html
    box.__html = data.html
  }
  if (state.sent !== data.sent) {
    // server time at send, laid against our own clock: neither a wrong wall clock nor a sleeping server bends an age
    state.sent = data.sent
    state.offset = data.sent - performance.now()
  }
  state.data = data
  document.documentElement.lang = data.words.lang

  const span = seconds => {
    const w = data.words
    const s = Math.max(0, Math.floor(seconds))
    const two = (a, x, b, y) => (b ? `${a} ${x} ${b} ${y}` : `${a} ${x}`)
    if (s < 60) return `${s} ${w.second}`
    if (s < 600) return two(Math.floor(s / 60), w.minute, s % 60, w.second)
    if (s < 3600) return `${Math.floor(s / 60)} ${w.minute}`
    if (s < 86400) return two(Math.floor(s / 3600), w.hour, Math.floor((s % 3600) / 60), w.minute)
    return two(Math.floor(s / 86400), w.day, Math.floor((s % 86400) / 3600), w.hour)
  }
  const fill = (template, value) => template.replace("{t}", value)

  const picture = (node, age) => {
    const level = age > data.broken_s ? 2 : age > data.late_s ? 1 : 0
    node.className = ["live", "late", "broken"][level]
    node.textContent = fill(data.words[["live", "late", "broken"][level]], span(age))
  }
  const since = (node, age) => {
    const cadence = Number(node.dataset.cadence || 0)
    const level = cadence ? (age > 6 * cadence + 20 ? 2 : age > 2 * cadence + 20 ? 1 : 0) : 0
    node.textContent = fill(node.dataset.words || "{t}", span(age))
    const host = node.closest("[data-host]")
    if (host && cadence) host.dataset.level = level
    const bar = cadence && node.parentElement.querySelector(".bar i")
    if (bar) bar.style.width = `${Math.min(100, (Math.max(0, age) / cadence) * 33.3)}%`
  }
  const until = (node, left) => {
    node.className = left < 0 ? "over" : left < 1800 ? "soon" : ""
    const mark = left < 0 ? "✖ " : left < 1800 ? "◔ " : ""
    node.textContent = mark + fill(left < 0 ? data.words.over : data.words.left, span(Math.abs(left)))
  }
  const paint = () => {
    const d = state.data
    const now = (performance.now() + state.offset) / 1000
    for (const node of box.querySelectorAll("[data-picture]")) picture(node, now - Number(node.dataset.picture))
    for (const node of box.querySelectorAll("[data-since]")) since(node, now - Number(node.dataset.since))
    for (const node of box.querySelectorAll("[data-until]")) until(node, Number(node.dataset.until) - now)
    for (const node of box.querySelectorAll("[data-clock]")) {
      const clock = new Intl.DateTimeFormat("en-GB", { timeZone: d.zone, hour: "2-digit", minute: "2-digit", second: "2-digit" })
      node.textContent = clock.format(new Date(now * 1000))
      const calm = performance.now() - state.born > 3600e3
      if (d.reload && calm && node.textContent.startsWith("04:0")) window.location.reload()
    }
  }
  state.paint = paint
  paint()
  if (!state.timer) state.timer = setInterval(() => state.paint(), 1000)

  const rows = [...box.querySelectorAll("[data-id]")]
  const mark = () => rows.forEach(row => {
    const on = row.dataset.id === state.picked
    row.classList.toggle("sel", on)
    row.setAttribute("aria-selected", on)
  })
  const pick = id => {
    const fresh = id !== state.picked
    state.picked = id
    mark()
    if (fresh) setStateValue("sel", id)
  }
  if (state.given !== data.sel) {
    state.given = data.sel
    state.picked = data.sel
  }
  rows.forEach((row, i) => {
    row.setAttribute("role", "option")
    row.tabIndex = 0
    row.onclick = () => pick(row.dataset.id)
    row.onkeydown = event => {
      const step = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }[event.key]
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); pick(row.dataset.id) }
      if (step && rows[i + step]) { event.preventDefault(); rows[i + step].focus(); pick(rows[i + step].dataset.id) }
    }
  })
  mark()
  return () => { clearInterval(state.timer); state.timer = null }
}
