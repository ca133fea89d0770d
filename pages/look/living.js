// One component for every row, tile and chip that has to go on living while no server speaks.
// The server renders escaped rows; the browser selects, counts ages up and deadlines down on its own monotonic clock.

// A tone for severe alerts: one ear for the whole page, so that it outlives the component.
const ear = (window.__fengsuiEar ||= { rung: new Map(), context: null, open: false })

const listen = () => {
  if (ear.context || !window.AudioContext) return
  ear.context = new AudioContext()
  const open = () => { if (ear.context.state === "running" && !ear.open) { ear.open = true; ear.context.suspend() } }
  ear.context.onstatechange = open  // a browser may ask for a click first; after that the sound card sleeps between tones
  for (const touch of ["pointerdown", "keydown"]) document.addEventListener(touch, () => ear.open || ear.context.resume().then(open), true)
  open()
}

const LOUD = { notes: [[0, 880], [0.22, 660], [0.44, 880]], volume: 0.5 }
const SOFT = { notes: [[0, 440], [0.22, 440]], volume: 0.15 }  // an exercise

const tone = async ({ notes, volume: most }) => {
  const context = ear.context
  await context.resume()
  const start = context.currentTime + 0.05
  for (const [at, hertz] of notes) {
    const source = context.createOscillator()
    const volume = context.createGain()
    source.frequency.value = hertz
    volume.gain.setValueAtTime(0, start + at)
    volume.gain.linearRampToValueAtTime(most, start + at + 0.02)
    volume.gain.setTargetAtTime(0, start + at + 0.14, 0.02)
    source.connect(volume).connect(context.destination)
    source.start(start + at)
    source.stop(start + at + 0.22)
  }
  setTimeout(() => context.suspend(), 1500)
}

const ring = (sound, fresh, now) => {
  for (const id of ear.rung.keys()) if (!sound.ids.includes(id) && !sound.soft.includes(id)) ear.rung.delete(id)
  if (sound.off || !ear.open || !fresh) return  // cut off, nobody knows whether somebody has claimed
  const due = id => now - (ear.rung.get(id) ?? -Infinity) >= sound.every_s
  const begun = sound.soft.filter(id => !ear.rung.has(id))
  for (const id of begun) ear.rung.set(id, now)  // once, and not at all where something real rings
  if (!sound.ids.some(due)) return begun.length && tone(SOFT)
  for (const id of sound.ids) ear.rung.set(id, now)  // several ring as one
  tone(LOUD)
}

// A board that asks for its own news: no script runs on the server for it, and its last picture stays while nobody answers.
const put = (box, parts) => {
  for (const node of box.querySelectorAll("[data-part]")) {
    const html = parts[node.dataset.part]
    if (html === undefined || node.__html === html) continue
    node.innerHTML = html
    node.__html = html
  }
}

// The layout is one of 1920 x 1080; a screen or window of another size shows the same, larger or smaller. Phones have their own.
const fit = () => {
  const whole = Math.min(window.innerWidth / 1920, window.innerHeight / 1080)
  document.documentElement.style.setProperty("--zoom", window.innerWidth < 1200 ? 1 : Math.max(0.5, whole).toFixed(4))
}

// Views take turns; whoever presses one, or the space bar, holds it.
const turn = (box, state, id) => {
  const turns = state.live.views?.turns || []
  state.view = turns.some(each => each.id === id) ? id : turns[0]?.id
  for (const node of box.querySelectorAll("[data-view]")) node.hidden = node.dataset.view !== state.view
  for (const node of box.querySelectorAll("[data-go]")) {
    node.classList.toggle("on", node.dataset.go === state.view)
    node.onclick = () => { state.held = true; turn(box, state, node.dataset.go) }
  }
  for (const node of box.querySelectorAll("[data-pause]")) {
    node.textContent = state.held ? node.dataset.off : node.dataset.on
    node.classList.toggle("held", Boolean(state.held))
    node.onclick = () => hold(box, state)
  }
  clearTimeout(state.turning)
  if (turns.length < 2 || state.held) return
  const n = turns.findIndex(each => each.id === state.view)
  const end = Math.max(0, (state.turned ?? performance.now()) + turns[n].seconds * 1000 - performance.now())
  state.turned ??= performance.now()
  state.turning = setTimeout(() => { state.turned = undefined; turn(box, state, turns[(n + 1) % turns.length].id) }, end)
}

// Once a night, each screen at a second of its own; never while nobody answers: the last picture would be lost with the page.
const nightly = (state, clock, answered) => {
  const [hour, minute, second] = clock.split(":").map(Number)
  state.night ??= Math.floor(Math.random() * 300)
  const due = hour === 4 && minute < 10 && minute * 60 + second >= state.night
  return due && answered && performance.now() - state.born > 3600e3
}

const hold = (box, state) => {
  state.held = !state.held
  state.turned = undefined
  turn(box, state, state.view)
}

const strip = (box, words) => {
  let node = box.querySelector(".strip")
  if (!words) return node?.remove()
  if (!node) {
    node = document.createElement("div")
    node.className = "strip"
    node.setAttribute("role", "status")
    box.append(node)
  }
  node.textContent = words
}

// Who looks and when, faintly over everything, for whoever takes a photograph.
const watermark = (box, words) => {
  const node = box.querySelector(".mark") || box.appendChild(Object.assign(document.createElement("div"), { className: "mark" }))
  if (node.__words === words) return
  node.__words = words
  const safe = words.replace(/[&<>"']/g, sign => `&#${sign.charCodeAt(0)};`)
  const text = `<text x="210" y="120" text-anchor="middle" transform="rotate(-24 210 120)" font-size="24" fill="#808080">${safe}</text>`
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="420" height="240">${text}</svg>`
  node.style.backgroundImage = `url("data:image/svg+xml,${encodeURIComponent(svg)}")`
}

const news = async (box, state, take) => {
  const feed = state.data.feed
  const answer = await fetch(`${feed.url}&seen=${state.tag}`, { signal: AbortSignal.timeout(10000) })
  if (answer.status === 401) {
    box.innerHTML = ""  // nothing of it is left
    box.__html = ""
    strip(box, feed.ended)
    state.tag = ""
    return feed.ended_s
  }
  const sent = Number(answer.headers.get("X-Sent"))
  if (!sent) throw new Error("not ours")  // somebody between us and the server answers for it
  if (answer.headers.get("X-Build") !== feed.build && performance.now() > 60e3) window.location.reload()  // upgraded meanwhile
  if (answer.status === 200) {
    const fresh = await answer.json()
    if (!state.tag) box.innerHTML = state.data.html
    state.tag = answer.headers.get("X-Tag")
    take(sent, fresh)
  } else if (answer.status === 204) take(sent)
  const why = answer.status >= 500 ? (await answer.json()).why : ""
  strip(box, why && `⚠ ${why}`)
  return Number(answer.headers.get("X-Every")) || state.every
}

const follow = (box, state, take) => {
  const again = async () => {
    state.every = await news(box, state, take).catch(() => Math.min(10, state.every * 1.5))
    if (state.following) state.next = setTimeout(again, state.every * 1000 * (0.9 + 0.2 * Math.random()))
  }
  state.following = true
  state.every = 2
  state.next = setTimeout(again, 1000 + 1000 * Math.random())  // after a restart screens must not all ask at once
}

export default function (component) {
  const { data, parentElement, setStateValue } = component
  const box = parentElement.querySelector("#r")
  const state = (parentElement.__living ||= { born: performance.now() })

  const fresh = state.sent !== data.sent
  if (box.__html !== data.html) {
    box.innerHTML = data.html
    box.__html = data.html
  }
  if (fresh) {
    // server time at send, laid against our own clock: neither a wrong wall clock nor a sleeping server bends an age
    state.sent = data.sent
    state.offset = data.sent - performance.now()
    state.live = { ...data, views: data.feed?.views }
    state.tag = data.feed?.tag
    if (data.parts) put(box, data.parts)
    if (data.feed) turn(box, state, state.view)
  }
  state.data = data
  const take = (sent, newer) => {
    state.offset = sent - performance.now()
    state.live = { ...state.live, ...newer, sent }
    if (newer) {
      put(box, newer.parts)
      turn(box, state, state.view)
    }
    state.paint()
  }
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
    const whole = node.dataset.short && age >= 60 ? Math.floor(age / 60) * 60 : age  // seconds of minutes are no news there
    node.textContent = fill(node.dataset.words || "{t}", span(whole))
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
    const d = state.live
    const now = (performance.now() + state.offset) / 1000
    for (const node of box.querySelectorAll("[data-picture]")) picture(node, now - Number(node.dataset.picture))
    for (const node of box.querySelectorAll("[data-since]")) since(node, now - Number(node.dataset.since))
    for (const node of box.querySelectorAll("[data-until]")) until(node, Number(node.dataset.until) - now)
    for (const node of box.querySelectorAll("[data-clock]")) {
      const clock = new Intl.DateTimeFormat("en-GB", { timeZone: d.zone, hour: "2-digit", minute: "2-digit", second: "2-digit" })
      node.textContent = clock.format(new Date(now * 1000))
      if (d.reload && nightly(state, node.textContent, now - d.sent / 1000 < data.late_s)) window.location.reload()
    }
    if (d.sound) hear(d, now)
    if (state.data.feed?.mark) {
      const minute = { timeZone: d.zone, year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit" }
      watermark(box, `${state.data.feed.mark} ${new Intl.DateTimeFormat("sv-SE", minute).format(new Date(now * 1000))}`)
    }
  }
  const hear = (d, now) => {
    const off = state.data.feed?.muted ? "muted" : d.sound.off
    if (!off) listen()
    ring({ ...d.sound, off }, now - d.sent / 1000 < d.broken_s, now)
    const why = off || (ear.open ? "" : "blocked")
    for (const node of box.querySelectorAll("[data-ear]")) {
      node.textContent = why && d.sound.words[why]
      node.className = `ear ${why}`
      node.hidden = !why
    }
  }
  state.paint = paint
  paint()
  if (!state.timer) state.timer = setInterval(() => state.paint(), 1000)

  const rows = [...box.querySelectorAll("[data-id]")]
  const mark = () => rows.forEach(row => {
    const on = row.dataset.id === state.picked
    row.classList.toggle("sel", on)
    if (!data.presses) row.setAttribute("aria-selected", on)
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
    row.setAttribute("role", data.presses ? "button" : "option")
    row.tabIndex = 0
    row.onclick = () => pick(row.dataset.id)
    row.onkeydown = event => {
      const step = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }[event.key]
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); pick(row.dataset.id) }
      if (!step || !rows[i + step]) return
      event.preventDefault()
      rows[i + step].focus()
      if (!data.presses) pick(rows[i + step].dataset.id)  // where picking does something, an arrow only goes there
    }
  })
  mark()
  if (data.feed && !state.following) {
    follow(box, state, take)
    state.keys = event => { if (event.key === " " && !event.target.closest?.("a, button, input")) { event.preventDefault(); hold(box, state) } }
    document.addEventListener("keydown", state.keys)
    window.addEventListener("resize", fit)
    fit()
  }
  return () => {
    clearInterval(state.timer)
    clearTimeout(state.next)
    clearTimeout(state.turning)
    if (state.keys) document.removeEventListener("keydown", state.keys)
    window.removeEventListener("resize", fit)
    state.timer = null
    state.following = false
  }
}
