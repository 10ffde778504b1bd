/** Tests that start many processes or models. `npm run test:long` runs them, `npm test` runs all others in minutes. */
export const longTests = [
  "test/chat/{memory-estimate,schema,turns}.test.ts",
  "test/cli/{ask,bad-*,bench,boxes,chat,doctor,files,lora,memory,models,offline,output-*,dicom,presets,provenance,pull*,redact,series,slide,start,stores}.test.ts",
  "test/corpus/**/*.test.ts",
  "test/docs/programs.test.ts",
  "test/examples/**/*.test.ts",
  "test/language/{lora,prompt-lookup,sequence,token-types}.test.ts",
  "test/native/{load-addon,process,process-limits,workers}.test.ts",
  "test/package.test.ts",
  "test/trial/driver.test.ts"
];
