#!/usr/bin/env node
import "../dist/src/cli/program/main.js";
