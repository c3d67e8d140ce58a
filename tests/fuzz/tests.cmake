nx_add_fuzz(oas_spec DEPS nx_openapi)
