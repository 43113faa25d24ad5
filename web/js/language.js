/** Our own texts in the language that the page is set to, if they are there in it; else they stay English. */
import { app } from "../../../scripts/app.js"
import { LANGUAGES, overwrite, TEXTS } from "./lib/languages.mjs"

app.registerExtension({
  name: "Switchyard.Language",
  async init() {
    try {
      const load = LANGUAGES.get(app.extensionManager.setting.get("Comfy.Locale"))
      if (load) overwrite(TEXTS, (await load()).TEXTS)
    } catch (error) {
      console.info("Switchyard: the texts stay English.", error)
    }
  },
})
