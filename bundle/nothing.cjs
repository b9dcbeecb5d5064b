// Stands for a module that isn't needed (build.mjs).
