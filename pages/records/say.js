// A list in which words are said about rows, by key or by mouse. What was said waits in a queue until the server has stored it,
// so that fast keys lose nothing; the server answers with the number of the last one it took.
const TYPING = "input, textarea, select, [contenteditable], [role=dialog]"
const PRESSED = "button, a"
const PRESSES = new Set(["Enter", " ", "ArrowDown", "ArrowUp"])

export default function (component) {
  const { data, parentElement, setStateValue } = component
  const box = parentElement.querySelector("#r")
  const state = (parentElement.__say ||= { marked: new Set(), told: new Map(), queue: [], seq: 0 })

  const other = state.list !== data.list || state.tag !== data.tag
  state.tag = data.tag
  if (state.list !== data.list) {
    state.list = data.list
    state.marked.clear()
    state.told.clear()
  }
  if (state.given !== data.sel) {
    state.given = data.sel
    state.picked = data.sel
  }
  state.queue = state.queue.filter(each => each[0] > data.done)
  if (!state.queue.length) state.told.clear()
  if (box.__html !== data.html) {
    box.innerHTML = data.html
    box.__html = data.html
  }
  state.data = data

  const rows = [...box.querySelectorAll("[data-id]")]
  const at = id => rows.findIndex(row => row.dataset.id === id)
  const paint = () => {
    for (const row of rows) {
      const on = row.dataset.id === state.picked
      row.classList.toggle("sel", on)
      row.setAttribute("aria-selected", on)
      const marked = state.marked.has(row.dataset.id)
      row.classList.toggle("marked", marked)
      const box_ = row.querySelector("[data-mark]")
      box_.setAttribute("aria-checked", marked)
      const told = state.told.get(row.dataset.id)
      const note = row.querySelector("[data-told]")
      note.textContent = told === undefined ? note.dataset.told : `⏳ ${told}`
    }
    for (const node of box.querySelectorAll("[data-many]")) {
      node.textContent = state.marked.size ? node.dataset.many.replace("{n}", state.marked.size) : ""
    }
  }
  const send = () => setStateValue("news", { sel: state.picked, said: [...state.queue] })
  const pick = (id, quiet) => {
    if (id === undefined) return
    const fresh = id !== state.picked
    state.picked = id
    paint()
    rows[at(id)]?.scrollIntoView({ block: "nearest" })
    if (fresh && !quiet) send()
  }
  const step = by => pick(rows[Math.max(0, Math.min(rows.length - 1, at(state.picked) + by))]?.dataset.id)
  const mark = id => {
    if (id === undefined) return
    state.marked.has(id) ? state.marked.delete(id) : state.marked.add(id)
    paint()
  }
  const say = (value, words) => {
    const keys = state.marked.size ? [...state.marked] : state.picked === undefined ? [] : [state.picked]
    if (!keys.length) return
    state.seq = Math.max(Date.now(), state.seq + 1)
    state.queue.push([state.seq, state.data.tag, keys, value])
    for (const key of keys) state.told.set(key, words)
    state.marked.clear()
    const last = Math.max(...keys.map(at))
    const next = rows.slice(last + 1).find(row => !row.dataset.said && !state.told.has(row.dataset.id))
    pick((next || rows[last])?.dataset.id, true)
    paint()
    send()
  }
  const undo = () => {
    state.seq = Math.max(Date.now(), state.seq + 1)
    state.queue.push([state.seq, state.data.tag, [], "undo"])
    send()
  }

  rows.forEach(row => {
    row.setAttribute("role", "option")
    row.tabIndex = 0
    row.onclick = event => {
      if (event.target.closest("[data-mark]")) return mark(row.dataset.id)
      pick(row.dataset.id)
    }
  })
  // a button that the mouse pressed would take the next Enter for itself: it is the list's
  const home = event => event.detail && rows[at(state.picked)]?.focus({ preventScroll: true })
  for (const node of box.querySelectorAll("[data-say]")) {
    node.onclick = event => {
      say(node.dataset.say, node.dataset.words)
      home(event)
    }
  }
  for (const node of box.querySelectorAll("[data-undo]")) {
    node.onclick = event => {
      undo()
      home(event)
    }
  }
  for (const node of box.querySelectorAll("[data-every]")) {
    node.onclick = event => {
      const every = state.marked.size === rows.length
      state.marked = new Set(every ? [] : rows.map(row => row.dataset.id))
      paint()
      home(event)
    }
  }
  for (const node of box.querySelectorAll("select[data-more]")) {
    node.onchange = () => {
      const chosen = node.selectedOptions[0]
      if (node.value) say(node.value, chosen.textContent)
      node.value = ""
    }
  }
  state.key = event => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return
    const where = event.composedPath()[0]
    if (where.closest?.(TYPING) || (PRESSES.has(event.key) && where.closest?.(PRESSED))) return
    if (document.querySelector("[role=dialog]")) return
    const by = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }[event.key]
    const digit = /^[0-9]$/.test(event.key) && box.querySelector(`[data-key="${event.key}"]`)
    const done = by ? step(by)
      : event.key === " " || event.key === "x" ? mark(state.picked)
      : event.key === "Enter" ? box.querySelector('[data-key="enter"]')?.click()
      : event.key === "u" ? undo()
      : digit ? digit.click() : "other"
    if (done === "other") return
    event.preventDefault()
    if (where.closest?.(PRESSED)) document.activeElement.blur()  // from the button that chose the list to the list
  }
  if (!state.heard) {  // kept between two drawings, or a fast key in between would be lost; it leaves with the list
    state.heard = event => {
      if (parentElement.isConnected) return state.key(event)
      document.removeEventListener("keydown", state.heard)
      state.heard = null
    }
    document.addEventListener("keydown", state.heard)
  }
  paint()
  // whoever chose another list or tag by a button goes on with the keys of the list
  if (other && document.activeElement?.closest?.("button")) rows[at(state.picked)]?.focus({ preventScroll: true })
}
