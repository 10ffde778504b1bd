/**
 * Tests that start many processes or models, or need a process of their own. `npm run test:long` runs them, `npm test` runs all
 * others in minutes.
 */
export const longTests = [
  "test/chat/{repeat,schema,turns}.test.ts",
  "test/checks/one-option.test.ts",
  "test/cli/{ask,bad-*,bench,boxes,chat,doctor,files,lora,memory,models,offline,output-*,dicom,presets,provenance,pull*,redact,repeat,series,slide,start,stores}.test.ts",
  "test/corpus/**/*.test.ts",
  "test/docs/programs.test.ts",
  "test/examples/**/*.test.ts",
  "test/language/host/{prompt-lookup,sequence}.test.ts",
  "test/language/lora/lora.test.ts",
  "test/language/tokens/token-types.test.ts",
  "test/memory/{memory-estimate,text-memory}.test.ts",
  "test/native/{load-addon,process,process-limits,workers}.test.ts",
  "test/package.test.ts",
  "test/trial/driver.test.ts"
];
