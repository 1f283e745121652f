// The DCC's own key store client asks for certificates: node keys.js HOST:PORT EUI...
// Prints a line of JSON for each: its EUI, serial number, usage, and the certificate.
const { BoxedKeyStore, KeyUsage } = require('@smartdcc/dccboxed-keystore')

async function main () {
  const [address, ...euis] = process.argv.slice(2)
  const store = await BoxedKeyStore.new(address)
  for (const eui of euis) {
    for (const keyUsage of [KeyUsage.digitalSignature, KeyUsage.keyAgreement]) {
      const found = await store.query({ lookup: 'certificate', eui, keyUsage })
      for (const item of found ?? []) {
        const pem = item.certificate.toString()
        process.stdout.write(`${JSON.stringify({ eui: String(item.eui), keyUsage, pem })}\n`)
      }
    }
  }
  await store.cleanup()
}

main()
