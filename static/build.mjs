// Builds styles, scripts, fonts and images into static/build/, each under a name that holds
// the hash of its content, and writes manifest.json: plain name -> built name.

import { createHash } from 'node:crypto'
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { dirname, extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync } from 'node:zlib'
import * as esbuild from 'esbuild'
import * as sass from 'sass'

const here = dirname(fileURLToPath(import.meta.url))
const packages = join(here, '..', 'node_modules')
const out = join(here, 'build')
const manifest = {}

const FONTS = {
  inter: [400, 600, 700],
  poppins: [500, 600],
}
const SUBSETS = ['latin', 'latin-ext']
const FOR_BROWSERS = { minify: true, target: ['chrome109', 'firefox115', 'safari15.6'] }

/** Write `content` under a hashed name and remember it. */
async function put (name, content) {
  const hash = createHash('sha256').update(content).digest('hex').slice(0, 10)
  const extension = extname(name)
  const built = `${name.slice(0, -extension.length)}-${hash}${extension}`
  await writeFile(join(out, built), content)
  manifest[name] = built
}

/** Replace `asset:name` by the built name: everything lies in one folder. */
function resolve (text) {
  return text.replaceAll(/asset:([\w.-]+)/g, (_whole, name) => {
    if (!manifest[name]) throw new Error(`no such asset: ${name}`)
    return manifest[name]
  })
}

async function fonts () {
  for (const [family, weights] of Object.entries(FONTS)) {
    for (const weight of weights) {
      for (const subset of SUBSETS) {
        const file = `${family}-${subset}-${weight}-normal.woff2`
        await put(`${family}-${weight}-${subset}.woff2`,
          await readFile(join(packages, '@fontsource', family, 'files', file)))
      }
    }
  }
}

async function images () {
  for (const name of await readdir(join(here, 'images'))) {
    await put(name, await readFile(join(here, 'images', name)))
  }
}

async function styles () {
  const compiled = sass.compile(join(here, 'styles', 'app.scss'), {
    loadPaths: [packages, join(packages, '..')], // MoJ's styles name node_modules themselves
    style: 'expanded',
    quietDeps: true,
    silenceDeprecations: ['import', 'if-function'],
    logger: sass.Logger.silent,
  })
  const small = await esbuild.transform(resolve(compiled.css), { loader: 'css', ...FOR_BROWSERS })
  await put('app.css', small.code)
}

/** The style of charts that are explored: uPlot's own, which no other page needs. */
async function exploring () {
  const own = await readFile(join(packages, 'uplot', 'dist', 'uPlot.min.css'), 'utf8')
  await put('explore.css', (await esbuild.transform(own, { loader: 'css', ...FOR_BROWSERS })).code)
}

/** The style of PDFs, which no browser reads: its page rules are left as they are written. */
async function documents () {
  const compiled = sass.compile(join(here, 'styles', 'document.scss'), { style: 'compressed' })
  await put('document.css', resolve(compiled.css))
}

async function scripts () {
  for (const [name, format] of [['boot', 'iife'], ['app', 'esm'], ['explore', 'esm']]) {
    const built = await esbuild.build({
      entryPoints: [join(here, 'scripts', `${name}.js`)],
      bundle: true,
      minify: true,
      format,
      target: 'es2020',
      nodePaths: [packages],
      legalComments: 'none',
      write: false,
    })
    await put(`${name}.js`, built.outputFiles[0].contents)
  }
}

await mkdir(out, { recursive: true })
await fonts()
await images()
await Promise.all([styles(), exploring(), documents(), scripts()])
await writeFile(join(out, 'manifest.json'), JSON.stringify(manifest, null, 2))

// Only now may what an earlier build left go: a running site keeps its files till then.
const current = new Set([...Object.values(manifest), 'manifest.json', '.stamp'])
for (const name of await readdir(out)) {
  if (!current.has(name)) await rm(join(out, name), { recursive: true })
}

for (const name of ['app.css', 'app.js', 'boot.js', 'explore.js']) {
  const size = brotliCompressSync(await readFile(join(out, manifest[name]))).length
  console.log(`${name.padEnd(10)} ${(size / 1000).toFixed(1)} kB compressed`)
}
