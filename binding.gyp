{
  # node-gyp and electron-rebuild look for this file. The build itself is native/CMakeLists.txt, run by
  # scripts/build-native.mjs: there is one list of sources.
  "targets": [
    {
      "target_name": "medgemma",
      "type": "none",
      "actions": [
        {
          "action_name": "build-native",
          "inputs": ["native/CMakeLists.txt", "scripts/build-native.mjs"],
          "outputs": ["native/build/built-by-node-gyp"],
          "action": ["node", "scripts/build-native.mjs"]
        }
      ]
    }
  ]
}
