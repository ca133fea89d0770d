// Charts of this page as one picture: each as it is drawn now, under its name; who took it, when and why below.

const SCALE = 2, PAD = 24, GAP = 18, HEAD = 17, SMALL = 13, LINE = SMALL + 8, STROKE = 24

const loaded = source => new Promise((done, failed) => {
  const image = new Image()
  image.onload = () => done(image)
  image.onerror = () => failed(new Error("chart"))
  image.src = source
})

// Vega draws as SVG or on a canvas; both become something that can be drawn again, at its size on the page.
const drawn = async key => {
  const box = document.querySelector(`.st-key-${CSS.escape(key)}`)
  const node = box?.querySelector("svg.marks, canvas.marks") || box?.querySelector("svg[viewBox], canvas")
  if (!node) return null
  const { width, height } = node.getBoundingClientRect()
  if (!width || !height) return null
  if (node instanceof HTMLCanvasElement) return { image: node, width, height }
  const copy = node.cloneNode(true)
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg")
  copy.setAttribute("width", width * SCALE)
  copy.setAttribute("height", height * SCALE)
  const text = new XMLSerializer().serializeToString(copy)
  return { image: await loaded(`data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`), width, height }
}

// What is too long for a line goes on the next; a word of Chinese may end anywhere.
const lines = (pen, text, width) => {
  const found = [""]
  for (const part of text.match(/[\x21-\x7e]+|[^]/gu) || []) {
    if (pen.measureText(found.at(-1) + part).width > width && found.at(-1)) found.push("")
    found[found.length - 1] += part
  }
  return found.map(line => line.trim())
}

// What is said of a chart, and a stroke of each colour with its meaning: lines of { x, color, text }, none wider than the sheet.
const laid = (pen, { second, keys }, width) => {
  if (!second && !keys.length) return []
  const rows = second ? lines(pen, second, width).map(text => [{ x: 0, text }]) : [[]]
  let x = second ? pen.measureText(rows.at(-1)[0].text).width + GAP : 0
  for (const [color, text] of keys) {
    if (x && x + STROKE + pen.measureText(text).width > width) { rows.push([]); x = 0 }
    const parts = lines(pen, text, width - STROKE)
    for (const [n, part] of parts.entries()) {
      if (n) { rows.push([]); x = 0 }
      rows.at(-1).push({ x: x + STROKE, color: n ? null : color, text: part })
    }
    x += STROKE + pen.measureText(parts.at(-1)).width + GAP
  }
  return rows
}

const keyed = (pen, rows, look, y) => {
  pen.font = `${SMALL}px ${look.font}`
  for (const [n, row] of rows.entries()) {
    for (const { x, color, text } of row) {
      if (color) {
        pen.fillStyle = color
        pen.fillRect(PAD + x - STROKE, y + n * LINE + SMALL / 2, 18, 2)
      }
      pen.fillStyle = look.mut
      pen.fillText(text, PAD + x, y + n * LINE)
    }
  }
}

const compose = async ({ charts, mark, look }) => {
  const shown = []
  for (const one of charts) {
    const chart = await drawn(one.key)
    if (chart) shown.push({ ...one, ...chart })
  }
  if (!shown.length) return null
  const sheet = document.createElement("canvas"), pen = sheet.getContext("2d")
  const width = Math.max(...shown.map(one => one.width), 640)
  pen.font = `${SMALL}px ${look.font}`
  const below = lines(pen, mark, width)
  for (const one of shown) one.rows = laid(pen, one, width)
  const height = shown.reduce((sum, one) => sum + HEAD + 12 + one.rows.length * LINE + one.height + GAP, 0) + below.length * (SMALL + 6)
  sheet.width = (width + 2 * PAD) * SCALE
  sheet.height = (height + 2 * PAD) * SCALE
  pen.scale(SCALE, SCALE)
  pen.fillStyle = look.panel
  pen.fillRect(0, 0, width + 2 * PAD, height + 2 * PAD)
  pen.textBaseline = "top"
  let y = PAD
  for (const one of shown) {
    pen.fillStyle = look.text
    pen.font = `600 ${HEAD}px ${look.font}`
    pen.fillText(one.title, PAD, y, width)
    y += HEAD + 12
    keyed(pen, one.rows, look, y)
    y += one.rows.length * LINE
    pen.drawImage(one.image, PAD, y, one.width, one.height)
    y += one.height + GAP
  }
  pen.fillStyle = look.mut
  pen.font = `${SMALL}px ${look.font}`
  for (const line of below) { pen.fillText(line, PAD, y); y += SMALL + 6 }
  return new Promise(done => sheet.toBlob(done, "image/png"))
}

export default ({ parentElement, data }) => {
  const root = parentElement.querySelector("#r")
  const button = document.createElement("button")
  button.type = "button"
  button.textContent = data.go
  button.onclick = async () => {
    const blob = await compose(data).catch(() => null)
    if (!blob) {
      const told = document.createElement("p")
      told.setAttribute("role", "alert")
      told.textContent = data.nothing
      root.replaceChildren(button, told)
      return
    }
    const link = document.createElement("a")
    link.href = URL.createObjectURL(blob)
    link.download = data.name
    link.click()
    setTimeout(() => URL.revokeObjectURL(link.href), 60000)
  }
  root.replaceChildren(button)
}
