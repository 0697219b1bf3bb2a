import { Icon } from "../look/Icon";
import { chooseTheme, theme, THEMES } from "../look/theme";
import { useStrings } from "./context";

/** As the system, light or dark. */
export function ThemeChoice() {
  const strings = useStrings();
  const names = { system: strings.themeSystem, light: strings.themeLight, dark: strings.themeDark };
  return (
    <fieldset class="themes">
      <legend class="unseen">{strings.theme}</legend>
      {THEMES.map((one) => (
        <label key={one} title={names[one]}>
          <input
            type="radio"
            name="theme"
            class="unseen"
            checked={theme.value === one}
            onChange={() => chooseTheme(one)}
          />
          <Icon name={one} size={18} />
          <span class="unseen">{names[one]}</span>
        </label>
      ))}
    </fieldset>
  );
}
