# Completion of lifeboat for bash 3.2 and later. In ~/.bashrc: source <(lifeboat completion bash)
_lifeboat() {
    local line
    COMPREPLY=()
    # Line by line: an address such as a[0] must not become the name of a file.
    while IFS= read -r line; do
        COMPREPLY+=("$line")
    done < <(LIFEBOAT_COMPLETE=bash "$1" "$COMP_CWORD" "$2" -- "${COMP_WORDS[@]}" 2>/dev/null)
    # What goes on needs no space behind it.
    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[=/] ]]; then
        compopt -o nospace 2>/dev/null
    fi
}
complete -o bashdefault -F _lifeboat lifeboat
