# Compiles text files into a target, so that the program works without an install.
# moescope_embed_texts(TARGET HEADER FUNCTION ROOT file...): FUNCTION returns {path below ROOT, text} of each.
function(moescope_embed_texts target header function root)
  string(CONCAT code "#include \"${header}\"\n\nnamespace moescope {\n\n"
         "const std::vector<EmbeddedText>& ${function}() {\n"
         "  static const std::vector<EmbeddedText> texts = {\n")
  foreach(file IN LISTS ARGN)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${file}")
    file(RELATIVE_PATH name "${root}" "${file}")
    file(READ "${file}" text)
    string(APPEND code "      {\"${name}\", R\"~~~(${text})~~~\"},\n")
  endforeach()
  string(APPEND code "  };\n  return texts;\n}\n\n}  // namespace moescope\n")
  set(output "${CMAKE_CURRENT_BINARY_DIR}/${function}.cpp")
  file(GENERATE OUTPUT "${output}" CONTENT "${code}")
  target_sources(${target} PRIVATE "${output}")
endfunction()
