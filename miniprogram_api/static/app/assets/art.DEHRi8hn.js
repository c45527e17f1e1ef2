function t(t){let a="/";return a="./",`./static/art/${t}.svg`}export{t as a};
