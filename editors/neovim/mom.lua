-- Neovim 0.9 or later as a client of `mom lsp`. Copy this file to ~/.config/nvim/plugin/mom.lua.
vim.filetype.add({ extension = { mom = "mom" } })

vim.api.nvim_create_autocmd("FileType", {
  pattern = "mom",
  callback = function(event)
    vim.bo[event.buf].commentstring = "// %s"
    vim.bo[event.buf].shiftwidth = 2
    vim.bo[event.buf].expandtab = true
    -- Colours, where the Tree-sitter parser is installed.
    pcall(vim.treesitter.start, event.buf, "mom")
    local file = vim.api.nvim_buf_get_name(event.buf)
    local project = vim.fs.find({ "package.json", ".git" }, { upward = true, path = vim.fs.dirname(file) })[1]
    local root = vim.fs.dirname(project or file)
    -- The project's own mom, else the one on the PATH.
    local own = root .. "/node_modules/.bin/mom"
    local mom = vim.fn.executable(own) == 1 and own or "mom"
    vim.lsp.start({ name = "mom", cmd = { mom, "lsp" }, root_dir = root }, { bufnr = event.buf })
  end,
})

vim.api.nvim_create_autocmd("LspAttach", {
  callback = function(event)
    local client = vim.lsp.get_client_by_id(event.data.client_id)
    if client and client.name == "mom" and vim.lsp.inlay_hint then
      vim.lsp.inlay_hint.enable(true, { bufnr = event.buf })
    end
  end,
})
